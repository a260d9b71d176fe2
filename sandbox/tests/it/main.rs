//! The sandbox beside a real API server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and end"
)]
#![allow(clippy::similar_names, reason = "a path and the patch of it stand side by side")]

#[macro_use]
mod cases;

mod clients;
mod conformance;
mod differential;
mod direct;
mod edge;
mod hostile;
mod limits;
mod stage;
