use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::cargo::{self, cargo};
use crate::terminal::say;

/// What a lock costs: the figures of README.
pub(crate) fn run() -> Result<ExitCode> {
    testkit::go::build_all().or_else(|error| bail!(testkit::report(&error)))?;
    say("building the command line and the benchmark for release");
    cargo::succeed(cargo().args(["bench", "--bench", "speed"]))?;
    Ok(ExitCode::SUCCESS)
}
