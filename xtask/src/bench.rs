use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::{self, cargo};
use crate::terminal::say;
use crate::test;

/// What a lock costs: the figures of README.
pub(crate) fn run() -> Result<ExitCode> {
    test::build_go()?;
    say("building the command line and the benchmark for release");
    cargo::succeed(cargo().args(["bench", "--bench", "speed"]))?;
    Ok(ExitCode::SUCCESS)
}
