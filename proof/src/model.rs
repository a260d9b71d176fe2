//! The decisions of the core, explored in all orders.
//!
//! Processes run the core's own state machines over one object and its requests; nothing that
//! the core decides is written down again here. What the library's shell adds is kept to the
//! same steps. Each request may arrive at any later time, or never; each process may stop between
//! any two steps for as long as it likes; clocks differ as a configuration says. All states that
//! a configuration allows are looked at, and in each one the [`ledger`] knows what is true.

pub mod caller;
pub mod clock;
pub mod explorer;
pub mod go_peer;
pub mod holder;
pub mod holding;
pub mod ledger;
pub mod object;
pub mod process;
pub mod request;
pub mod session;
pub mod stage;
pub mod stages;
pub mod world;
