//! What is said beside the data, on stderr.

use std::fmt::Display;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::args::CommonArgs;
use kubelock::{Obstacle, OnWait};

use crate::failure::Failure;
use crate::output::{aside, holder, text};
use crate::secrets;
use crate::target::Target;

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

/// Tells for whom a command waits, whenever that is another one; and once that it waits for the
/// API server, until that is back.
pub(crate) fn waiting(target: &Target) -> OnWait {
    let lock = target.describe();
    let has_told_of_trouble = AtomicBool::new(false);
    OnWait::new(move |obstacle| match obstacle {
        Obstacle::Holder(held) => {
            has_told_of_trouble.store(false, Ordering::Relaxed);
            let holder = holder::words(&held.record, held.seen_at);
            let reason = held.record.reason.as_deref().map(text::line);
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            say(format_args!("waiting for {lock}, held by {holder}{reason}"));
        }
        Obstacle::Trouble(error) if !has_told_of_trouble.swap(true, Ordering::Relaxed) => {
            say(format_args!(
                "waiting for the API server: {}",
                text::paragraph(&error.to_string())
            ));
        }
        _ => {}
    })
}

/// One request, for `-v`.
pub(crate) fn request(called: &str, end: &str, took: Duration) {
    say(format_args!("{called} {end} {}ms", took.as_millis()));
}

/// By another thread, where there is one for it.
fn say(words: impl Display) {
    let words = words.to_string();
    if let Some(words) = aside::tell(secrets::hidden(&words).into_owned()) {
        write(&words);
    }
}

/// A stderr that is closed leaves nobody to tell. Colours go where a terminal is.
pub(super) fn write(words: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{words}");
}
