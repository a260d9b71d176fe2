//! The pure core of kubelock: how a lock is written down, and what to do next.
//!
//! Nothing here reads a clock, waits, or talks to anybody: time and what the
//! server showed are arguments, the next step is the result. The library, the
//! tests and the model checker therefore run the same decisions.

pub mod acquire;
pub mod answer;
pub mod breaking;
pub mod call;
pub mod change;
pub mod claimant;
pub mod doubt;
pub mod expiry;
pub mod go_json;
pub mod hold;
pub mod lease;
pub mod mutant;
pub mod name;
pub mod operations;
pub mod pace;
pub mod patch;
#[cfg(test)]
mod properties;
pub mod read;
pub mod reading;
pub mod record;
pub mod stamp;
pub mod takeover;
pub mod terms;
#[cfg(test)]
mod testing;
pub mod timestamp;
pub mod token;
pub mod ttl;
mod verb;
