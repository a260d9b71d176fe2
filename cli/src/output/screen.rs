//! stderr, and how much room its terminal has.

use std::io::{self, IsTerminal, Write};

use super::desk::Paper;
use super::talk;

/// What a terminal has that does not tell.
const COLUMNS: u16 = 80;

/// stderr of this process.
pub(super) struct Screen {
    /// A terminal that obeys control codes.
    is_able: bool,
}

impl Screen {
    pub(super) fn new() -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|it| it.is_empty() || it == "dumb");
        Self { is_able: !is_dumb && io::stderr().is_terminal() }
    }
}

impl Paper for Screen {
    fn line(&mut self, words: &str) {
        talk::write(words);
    }

    /// A stderr that is closed leaves nobody to see it.
    fn draw(&mut self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }

    fn room(&self) -> Option<usize> {
        let columns = if self.is_able && is_in_front() { columns() } else { return None };
        // What stands in the last one makes some terminals wrap.
        Some(usize::from(columns).saturating_sub(1))
    }
}

#[cfg(unix)]
fn columns() -> u16 {
    let size = rustix::termios::tcgetwinsize(io::stderr());
    size.ok().map(|size| size.ws_col).filter(|columns| *columns > 0).unwrap_or(COLUMNS)
}

#[cfg(not(unix))]
fn columns() -> u16 {
    COLUMNS
}

/// Whether the terminal is ours at present: in the background it belongs to somebody's prompt.
#[cfg(unix)]
fn is_in_front() -> bool {
    use rustix::termios::tcgetpgrp;
    // One that is not this session's has no foreground.
    tcgetpgrp(io::stderr()).map_or(true, |front| front == rustix::process::getpgrp())
}

#[cfg(not(unix))]
fn is_in_front() -> bool {
    true
}
