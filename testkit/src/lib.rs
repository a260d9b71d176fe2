//! A real control plane and the Go package, for kubelock's own tests.
//!
//! [`cluster()`] is what most tests want: one API server for all of them, told
//! apart by namespaces. [`control_plane()`] is a private one, to be killed.

#[cfg(unix)]
pub mod beat;
pub mod binaries;
mod blocking;
mod certificates;
pub mod cluster;
pub mod control_plane;
mod crds;
mod error;
mod etcd;
mod fixtures;
pub mod go;
mod go_module;
mod go_tool;
mod kube_apiserver;
mod kubeconfig;
mod kubectl;
#[cfg(unix)]
mod own_bin;
mod port;
mod progress;
#[cfg(unix)]
pub mod pty;
pub mod scripted;
pub mod seed;
mod seed_tests;
mod server;
pub mod shared_build;
mod supervisor;
mod target_dir;
mod users;
pub mod webhook;
pub mod wire;

pub use cluster::{Cluster, cluster, clusters_are_skipped};
pub use control_plane::{ControlPlane, control_plane};
pub use crds::{ensure_crds, gadgets, widgets};
pub use error::{Error, report};
pub use kubeconfig::client;
pub use kubectl::kubectl;
pub use target_dir::{target_dir, workspace_dir};
pub use users::{ADMIN, ALICE, BOB, NOBODY};
