//! A Kubernetes API in memory.
//!
//! A [`Sandbox`] keeps objects as an API server does and answers requests in its words, without
//! etcd, sockets or threads: [`Sandbox::client`] is a `kube::Client` of it. A [`Server`] serves it
//! over HTTPS to kubectl and other programs.
//!
//! # Guarantees
//! What the conformance suite of this crate asks of it, it answers as kube-apiserver 1.37: the
//! same cases run on both. It is deterministic: UIDs and generated names are the same in every
//! run, the time comes from the caller, and only open watches use timers, which are tokio's.
//!
//! # Limits
//! Bodies are limited as on the real server; objects and remembered changes are limited to some
//! ten thousands. Beyond, creations are refused, and old watches and pages are told that they
//! are too old.
//!
//! # What it does not do
//! There are no controllers: namespaces that are deleted stay `Terminating`, dependents of
//! deleted objects stay, and pods do not run. Not supported, and answered so, are server-side
//! apply and the subresources beside `status`. Left out without a word are managed fields,
//! webhooks, quotas, most defaults of built-in kinds and most of their rules: of them, metadata
//! is checked, and config maps, secrets, Leases and Events. Of the schemas of custom kinds, patterns,
//! formats, combinations and CEL rules are not checked, and all their versions are kept alike.
//! Documents are nested 128 deep at most.
//!
//! # Examples
//! ```
//! use k8s_openapi::api::core::v1::ConfigMap;
//! use kube::Api;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = sandbox::Sandbox::new();
//! let config_maps: Api<ConfigMap> = Api::default_namespaced(sandbox.client());
//! let app = config_maps.get("app").await?;
//! assert_eq!(app.data.unwrap_or_default()["greeting"], "hello");
//! # Ok(())
//! # }
//! ```

mod accept;
mod answer;
mod attributes;
mod call;
mod certificate;
mod clock;
mod decode;
mod discovery;
mod duration;
mod event;
mod field;
mod form;
mod go_text;
mod json;
mod key;
mod kinds;
mod kubeconfig;
mod metadata;
mod names;
mod patch;
mod path;
mod protobuf;
mod query;
mod rbac;
mod reply;
mod request;
mod reviews;
mod sandbox;
mod schema;
mod selector;
mod server;
mod service;
mod shape;
mod state;
mod status;
mod store;
mod table;
mod uids;
mod users;
mod validation;
mod verbs;
mod yaml;

pub use kinds::{Kind, StatusSubresource};
pub use reply::Body;
pub use sandbox::Sandbox;
pub use server::Server;
pub use service::Service;
pub use status::Status;
pub use users::User;
