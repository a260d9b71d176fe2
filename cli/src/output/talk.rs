//! What is said beside the data, on stderr.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use crate::args::CommonArgs;
use crate::failure::Failure;
use crate::output::aside::{self, Said};
use crate::secrets;

const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const CYAN: &str = "\x1b[1;36m";
const RESET: &str = "\x1b[0m";

/// Tells of success, unless `-q` was given.
pub(crate) fn note(common: &CommonArgs, words: &str) {
    if !common.quiet {
        say(words);
    }
}

/// Tells what a person must see before they answer.
pub(crate) fn show(words: &str) {
    say(words);
}

/// Tells what went wrong beside what was asked for, which was done.
pub(crate) fn warning(failure: &Failure) {
    caution(&failure.message);
    hints(failure);
}

/// What a person should think of.
pub(crate) fn caution(words: &str) {
    say(format_args!("{YELLOW}warning:{RESET} {words}"));
}

/// Tells what went wrong, and the way out.
pub(crate) fn failure(failure: &Failure) {
    say(format_args!("{RED}error:{RESET} {}", failure.message));
    hints(failure);
}

fn hints(failure: &Failure) {
    failure.hints.iter().for_each(|words| hint(words));
}

/// Tells a way out.
pub(crate) fn hint(words: &str) {
    say(format_args!("{CYAN}hint:{RESET} {words}"));
}

/// One request, for `-v`.
pub(crate) fn request(called: &str, end: &str, took: Duration) {
    say(format_args!("{called} {end} {}ms", took.as_millis()));
}

/// By another thread, where there is one for it.
fn say(words: impl Display) {
    let words = secrets::hidden(&words.to_string()).into_owned();
    if let Some(Said::Line(words)) = aside::tell(Said::Line(words)) {
        write(&words);
    }
}

/// Waits a little until all is said that is to be.
pub(crate) fn settle() {
    aside::tell_and_wait(Said::Nothing);
}

/// Takes the line that counts away.
pub(crate) fn pause() {
    aside::tell_and_wait(Said::Pause);
}

/// It may be shown again.
pub(crate) fn resume() {
    aside::tell(Said::Resume);
}

/// A stderr that is closed leaves nobody to tell. Colours go where a terminal is.
pub(super) fn write(words: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{words}");
}
