//! What happened, for people: one line an event.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A schedule's lines, if anybody wants them.
#[derive(Debug)]
pub(crate) struct Trace {
    lines: Option<Mutex<String>>,
}

impl Trace {
    pub(crate) fn new(is_kept: bool) -> Self {
        Self { lines: is_kept.then(Mutex::default) }
    }

    /// Notes what `what` says. It is not asked where nothing is kept.
    pub(crate) fn note(&self, at: Duration, who: &str, what: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            let what = what();
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "{:>11.3} {who:<12} {what}", at.as_secs_f64());
        }
    }

    pub(crate) fn take(&self) -> String {
        let Some(lines) = &self.lines else { return String::new() };
        std::mem::take(&mut lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
