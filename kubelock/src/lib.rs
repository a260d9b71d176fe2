//! Distributed locks on any Kubernetes object.
//!
//! A lock is one annotation on an object. No server, no sidecar and no custom
//! resource: the API server and etcd are the engine. It shares its bytes with the
//! Go package `giantswarm/kubelock`, so Go and Rust operators exclude each other.
//!
//! # Examples
//! ```
//! use kubelock::{AcquireOptions, Config, KubeLock};
//! use kube::core::GroupVersionResource;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), kubelock::Error> {
//! # let client = sandbox::Sandbox::new().client();
//! let gvr = GroupVersionResource::gvr("", "v1", "configmaps");
//! let lock = KubeLock::new(Config { client, gvr })?.lock("deploy")?.namespace("default")?;
//!
//! let acquired = lock.acquire("app", AcquireOptions { owner: "runner-7".into(), ..Default::default() }).await?;
//! // … work …
//! acquired.release().await?;
//! # Ok(())
//! # }
//! ```

mod acquired;
mod acquiring;
mod api;
mod breaking;
mod cancel;
mod claiming;
mod client;
mod clock;
mod error;
mod guard;
mod hold;
mod hold_options;
mod keeper;
mod kube_lock;
mod leftovers;
mod lock;
mod lock_ref;
mod lock_state;
mod memory;
mod on_wait;
mod options;
mod own_watch;
mod rehearsal;
mod releasing;
mod renewing;
mod runtime;
mod session;
mod sighting;
mod span;
mod stamps;
mod standing;
mod status;
mod telemetry;
mod waiter;
mod waiting;
mod watch;

pub use acquired::Acquired;
pub use breaking::{BreakOptions, Broken};
pub use client::client_without_retries;
pub use clock::{Clock, SystemClock};
pub use error::{Error, Held};
pub use guard::{Guard, LostMeanwhile};
pub use hold_options::{HoldOptions, Takeover, Wait};
pub use json_patch;
pub use kube_lock::{Config, KubeLock};
pub use kubelock_core::expiry::Clocks;
pub use kubelock_core::hold::Loss;
pub use kubelock_core::lease::{IdleLease, LeaseInUse, SELECTOR as OWN_LEASES};
pub use kubelock_core::name::{AnnotationKey, InvalidName, LockName, PathSegment, Prefix};
pub use kubelock_core::record::{HoldId, Malformed, Record};
pub use kubelock_core::timestamp::Timestamp;
pub use kubelock_core::token::FencingToken;
pub use kubelock_core::ttl::{DisplayNanos, InvalidTtl, Ttl};
pub use lock::Lock;
pub use lock_ref::LockRef;
pub use lock_state::LockState;
pub use on_wait::{Obstacle, OnWait};
pub use options::{AcquireOptions, ExpiryRule, GetOptions, ReleaseOptions, RenewOptions};
pub use rehearsal::Rehearsal;
pub use runtime::{BoxFuture, Runtime, TokioRuntime};
pub use sighting::Sighting;
pub use standing::Standing;
pub use tokio_util::sync::CancellationToken;

/// The example of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The examples of the book, compiled, and run where they can be.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../docs/how-to/operators.md")]
    struct Operators;

    #[doc = include_str!("../../docs/how-to/from-leader-election.md")]
    struct FromLeaderElection;

    #[doc = include_str!("../../docs/sandbox.md")]
    struct Sandbox;
}
