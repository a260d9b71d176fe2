//! Integration tests of the library, against a real API server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::similar_names,
    clippy::unchecked_time_subtraction,
    reason = "a test that cannot go on should say so and end"
)]
#![allow(clippy::large_futures, reason = "a test has the whole stack for its few futures")]

mod admission;
mod bad_input;
mod calls;
mod clocks;
mod codec;
mod docs;
mod faults;
mod foreign;
mod hold_clocks;
mod hold_guarded;
mod hold_interop;
mod hold_objects;
mod hold_outages;
mod hold_rbac;
mod hold_stage;
mod hold_waiters;
mod holds;
mod interop;
mod machine;
mod outage;
mod paused;
mod paused_breaking;
mod paused_cancel;
mod paused_ended;
mod paused_faults;
mod paused_guarded;
mod paused_holds;
mod paused_on_wait;
mod paused_waiters;
mod paused_words;
mod rbac;
mod rehearse;
mod scripted;
mod seed;
mod spans;
mod support;
mod telemetry;
mod writers;
