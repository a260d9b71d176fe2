#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a terminal is what it is for")]

use std::process::ExitCode;

use anyhow::Error;

/// Says what is done next, on stderr.
pub(crate) fn say(line: &str) {
    eprintln!("xtask: {line}");
}

/// Prints what the caller asked for.
pub(crate) fn print(line: &str) {
    println!("{line}");
}

pub(crate) fn fail(error: &Error) -> ExitCode {
    eprintln!("xtask: {error:#}");
    ExitCode::FAILURE
}
