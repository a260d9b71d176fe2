//! A Kubernetes API in memory.
//!
//! A [`Sandbox`] keeps objects as an API server does and answers requests in its words, without
//! etcd, sockets or threads: [`Sandbox::client`] is a `kube::Client` of it.

mod accept;
mod answer;
mod attributes;
mod call;
mod certificate;
mod clock;
mod decode;
mod discovery;
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
