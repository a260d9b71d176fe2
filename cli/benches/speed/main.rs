//! `cargo xtask bench`: what a lock costs beside the bare requests, and the Go package.
//!
//! Everything is measured in one run against one API server, interleaved, and reported as
//! ratios: absolute times are those of this machine at this moment.

#![allow(clippy::expect_used, reason = "a benchmark that cannot go on should say so and end")]

mod bare;
mod pairs;
mod start;
mod stats;

fn main() {
    let Some(cluster) = testkit::cluster() else { return };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(pairs::run(cluster));
    start::run();
}
