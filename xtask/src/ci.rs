use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Result;

use crate::cargo::{self, cargo};
use crate::terminal::say;
use crate::test;

pub(crate) fn run() -> Result<ExitCode> {
    step("format", cargo().args(["fmt", "--all", "--check"]))?;
    step("lints", cargo().args(CLIPPY))?;
    step("docs", cargo().args(DOC).env("RUSTDOCFLAGS", "-D warnings"))?;
    test::run(&test::Args::default())
}

const CLIPPY: [&str; 6] = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
const DOC: [&str; 3] = ["doc", "--no-deps", "--workspace"];

fn step(name: &str, command: &mut Command) -> Result<()> {
    let started = Instant::now();
    say(name);
    cargo::succeed(command)?;
    say(&format!("{name}: done after {} s", started.elapsed().as_secs()));
    Ok(())
}
