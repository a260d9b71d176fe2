//! What is said beside the data, on stderr.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use crate::args::CommonArgs;
use crate::failure::Failure;

const RED: &str = "\x1b[1;31m";
const CYAN: &str = "\x1b[1;36m";
const RESET: &str = "\x1b[0m";

/// Tells of success, unless `-q` was given.
pub(crate) fn note(common: &CommonArgs, words: &str) {
    if !common.quiet {
        say(words);
    }
}

/// Tells what went wrong, and the way out.
pub(crate) fn failure(failure: &Failure) {
    say(format_args!("{RED}error:{RESET} {}", failure.message));
    for hint in &failure.hints {
        say(format_args!("{CYAN}hint:{RESET} {hint}"));
    }
}

/// One request, for `-v`.
pub(crate) fn request(called: &str, end: &str, took: Duration) {
    say(format_args!("{called} {end} {}ms", took.as_millis()));
}

/// A stderr that is closed leaves nobody to tell. Colours go where a terminal is.
fn say(words: impl Display) {
    let _ = writeln!(anstream::stderr().lock(), "{words}");
}
