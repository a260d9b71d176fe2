//! Tests of the test kit itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod binaries;
mod cluster;
mod control_plane;
mod cut_watch;
mod doomed;
mod leftovers;
mod scripted;
mod shared_build;
mod talk;
mod wire;
