//! The sandbox beside a real API server.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[macro_use]
mod cases;

mod clients;
mod conformance;
mod differential;
mod edge;
mod hostile;
mod stage;
