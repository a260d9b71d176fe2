//! The library on the in-memory API, on virtual time, under faults that a seed decides.
//!
//! Processes with clocks, tasks and networks of their own contend for one lock; each runs the
//! real library. What they believe and are told is judged after every step, by what really
//! stands in the store. One seed gives one schedule, to the byte.

mod cast;
mod clocks;
mod contender;
mod coverage;
mod dice;
mod fate;
mod fault;
mod front;
mod go_peer;
mod history;
mod holder;
mod judge;
mod link;
mod outsiders;
mod process;
mod profile;
mod relay;
mod request;
mod schedule;
mod store;
mod tally;
mod trace;
mod trouble;
mod webhook;
mod world;

pub use coverage::Coverage;
pub use fault::Fault;
pub use judge::{Breach, Rule};
pub use profile::Profile;
pub use schedule::{Report, run};
pub use tally::Tally;
