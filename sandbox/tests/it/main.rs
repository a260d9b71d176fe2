//! The sandbox beside a real API server.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[macro_use]
mod cases;

mod conformance;
mod stage;
