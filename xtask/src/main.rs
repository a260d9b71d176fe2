//! `cargo xtask`: what cargo cannot do by itself.

mod bench;
mod book;
mod cargo;
mod ci;
mod control_plane;
mod demo;
mod dist;
mod simulate;
mod terminal;
mod test;
mod test_count;

use std::process::ExitCode;

use clap::Parser;

/// What cargo cannot do by itself for this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Show a lock being taken, refused, waited for and given back, in the sandbox
    Demo(demo::Args),
    /// Run COMMAND with a control plane of its own, or keep one up until Ctrl-C
    ControlPlane(control_plane::Args),
    /// Run all tests; what Go programs they need is built first
    Test(test::Args),
    /// Run simulated schedules: processes, clocks and faults that a seed decides
    Simulate(simulate::Args),
    /// Measure what a lock costs beside the bare requests, and beside the Go package
    Bench,
    /// Build the pages of docs/ as a book, with mdBook, and check its links
    Book,
    /// Build what is shipped: an archive of the command line, and a krew manifest
    Dist(dist::Args),
    /// Check the format, the lints and the docs, then run all tests
    Ci,
}

fn main() -> ExitCode {
    let outcome = match Task::parse() {
        Task::Demo(args) => demo::run(&args),
        Task::ControlPlane(args) => control_plane::run(&args),
        Task::Test(args) => test::run(&args),
        Task::Simulate(args) => simulate::run(&args),
        Task::Bench => bench::run(),
        Task::Book => book::run(),
        Task::Dist(args) => dist::run(&args),
        Task::Ci => ci::run(),
    };
    outcome.unwrap_or_else(|error| terminal::fail(&error))
}
