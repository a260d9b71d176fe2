//! Programs of others on both servers: kubectl, client-go's leader election, the Go package.

mod go_package;
mod kubectl;
mod leader_election;
mod reached;

pub use reached::Reached;
