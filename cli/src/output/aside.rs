//! A thread that writes to stderr, for those whom a full one must not hold up, and which keeps the
//! line that counts.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use super::desk::Desk;
use super::obstacle::{Now, Obstacle, Wanted};
use super::screen::Screen;

/// More than is said in a row.
const QUEUE: usize = 64;
/// How long those who read stderr have for the last lines.
const LAST: Duration = Duration::from_secs(1);
/// How long it may take to do what is waited for.
const PROMPT: Duration = Duration::from_millis(250);
/// How often the line that counts is drawn.
const TICK: Duration = Duration::from_secs(1);

/// What the thread is to do.
pub(super) enum Said {
    Line(String),
    Waits {
        wanted: Wanted,
        obstacle: Obstacle,
        is_news: bool,
    },
    /// Nothing, but to be done with all that was said before.
    Nothing,
    Over,
    Pause,
    Resume,
}

/// The sender is dropped when it was done.
type Note = (Said, Option<Sender<()>>);

/// To the thread, while there is one.
static LINES: Mutex<Option<SyncSender<Note>>> = Mutex::new(None);

/// Leaves it to the thread to do something; gives it back where there is none.
///
/// Never waits: when nobody reads, what is too much is dropped.
pub(super) fn tell(said: Said) -> Option<Said> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(lines) = lines.as_ref() else { return Some(said) };
    let _ = lines.try_send((said, None));
    None
}

/// The same, and waits a little until it was done, with all that was said before.
pub(super) fn tell_and_wait(said: Said) {
    let (doing, done) = channel();
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if lines.is_some_and(|lines| lines.try_send((said, Some(doing))).is_ok()) {
        // Nothing is ever sent: this waits for the end of the sender.
        let _ = done.recv_timeout(PROMPT);
    }
}

/// All that is said goes to a thread, until this is dropped.
#[must_use = "dropping it ends the thread"]
pub(crate) struct Aside {
    /// Closed once everything was written.
    written: Receiver<()>,
}

impl Aside {
    pub(crate) fn start() -> io::Result<Self> {
        let (lines, to_write) = sync_channel::<Note>(QUEUE);
        let (writing, written) = channel::<()>();
        thread::Builder::new().spawn(move || {
            write(&to_write);
            drop(writing);
        })?;
        *LINES.lock().unwrap_or_else(PoisonError::into_inner) = Some(lines);
        Ok(Self { written })
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Nothing is ever sent: this waits for the end of the thread.
        let _ = self.written.recv_timeout(LAST);
    }
}

fn write(notes: &Receiver<Note>) {
    let mut desk = Desk::new(Screen::new());
    loop {
        let next = if desk.is_waiting() {
            notes.recv_timeout(TICK)
        } else {
            notes.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        let now = Now::read();
        match next {
            Ok((said, _doing)) => hear(&mut desk, said, now),
            Err(RecvTimeoutError::Timeout) => desk.tick(now),
            Err(RecvTimeoutError::Disconnected) => return desk.over(),
        }
    }
}

fn hear(desk: &mut Desk<Screen>, said: Said, now: Now) {
    match said {
        Said::Line(words) => desk.say(&words, now),
        Said::Waits { wanted, obstacle, is_news } => desk.wait(wanted, obstacle, is_news, now),
        Said::Nothing => {}
        Said::Over => desk.over(),
        Said::Pause => desk.pause(),
        Said::Resume => desk.resume(now),
    }
}
