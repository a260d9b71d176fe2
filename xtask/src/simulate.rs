use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args as ClapArgs;

use crate::cargo::{self, cargo};
use crate::terminal::say;

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// What the simulator takes: --schedules N, --seconds S, --seed N, --profile NAME, --first N
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs simulated schedules with a build for release: it is ten times as fast.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    say("building the simulator for release");
    cargo::succeed(cargo().args(["build", "--quiet", "--release", "--bin", "simulate"]))?;
    let mut simulator = Command::new(testkit::target_dir().join("release/simulate"));
    let status = cargo::status(simulator.args(&args.arguments))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
