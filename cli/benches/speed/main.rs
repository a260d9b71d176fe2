//! `cargo xtask bench`: what a lock costs beside the bare requests, and the Go package.
//!
//! Everything is measured in one run against one API server, interleaved, and reported as
//! ratios: absolute times are those of this machine at this moment.

#![allow(clippy::expect_used, reason = "a benchmark that cannot go on should say so and end")]

mod bare;
mod crowd;
mod handover;
mod listing;
mod many;
mod pairs;
mod stage;
mod start;
mod stats;
mod upkeep;

fn main() {
    let Some(cluster) = testkit::cluster() else { return };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if many::is_child() {
        return runtime.block_on(many::child(cluster));
    }
    // All, or those that are named: `cargo bench --bench speed -- handover`.
    let named: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let is_wanted = |name: &str| named.is_empty() || named.iter().any(|word| word == name);
    runtime.block_on(async {
        if is_wanted("pairs") {
            pairs::run(cluster).await;
        }
        if is_wanted("upkeep") {
            upkeep::run(cluster).await;
        }
        if is_wanted("handover") {
            handover::run(cluster).await;
        }
        if is_wanted("crowd") {
            crowd::run(cluster).await;
        }
        if is_wanted("many") {
            many::run(cluster).await;
        }
        if is_wanted("listing") {
            listing::run(cluster).await;
        }
    });
    if is_wanted("start") {
        start::run();
    }
}
