//! A thread that writes to stderr, for those whom a full one must not hold up.

use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError};

/// To the thread, while there is one.
static LINES: Mutex<Option<SyncSender<String>>> = Mutex::new(None);

/// Leaves it to the thread to say something; gives it back where there is none.
///
/// Never waits: when nobody reads, what is too much is dropped.
pub(super) fn tell(words: String) -> Option<String> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(lines) = lines.as_ref() else { return Some(words) };
    let _ = lines.try_send(words);
    None
}

#[cfg(unix)]
pub(crate) use thread::Aside;

#[cfg(unix)]
mod thread {
    use std::io;
    use std::sync::PoisonError;
    use std::sync::mpsc::{Receiver, channel, sync_channel};
    use std::thread;
    use std::time::Duration;

    use super::LINES;
    use crate::output::talk;

    /// More than is said in a row.
    const QUEUE: usize = 64;
    /// How long those who read stderr have for the last lines.
    const LAST: Duration = Duration::from_secs(1);

    /// All that is said goes to a thread, until this is dropped.
    #[must_use = "dropping it ends the thread"]
    pub(crate) struct Aside {
        /// Closed once everything was written.
        written: Receiver<()>,
    }

    impl Aside {
        pub(crate) fn start() -> io::Result<Self> {
            let (lines, to_write) = sync_channel::<String>(QUEUE);
            let (writing, written) = channel::<()>();
            thread::Builder::new().spawn(move || {
                for line in to_write {
                    talk::write(&line);
                }
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
}
