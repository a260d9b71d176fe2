//! Model, simulation, and the mutants that they must catch.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and tells what it found"
)]

mod model;
mod mutants;
mod simulation;
