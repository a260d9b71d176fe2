//! Tests of the test kit itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod binaries;
mod cluster;
mod conformance;
mod control_plane;
mod doomed;
mod leftovers;
mod scripted;
mod shared_build;
mod talk;
mod wire;
