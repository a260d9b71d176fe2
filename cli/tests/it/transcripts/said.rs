//! What processes say, as it comes.

use std::fs::File;
use std::io::Read as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What a slow machine may take for anything that happens at once on a fast one.
const PATIENCE: Duration = Duration::from_secs(30);

/// Read by a thread of its own, until nobody has the other end any more.
pub(crate) struct Said {
    chunks: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    ended: bool,
}

impl Said {
    /// Opening a pipe that has a name takes until somebody opens its other end.
    pub(crate) fn read(open: impl FnOnce() -> File + Send + 'static) -> Self {
        let (sender, chunks) = channel();
        thread::spawn(move || {
            let (mut source, mut some) = (open(), [0; 4096]);
            while let Ok(length @ 1..) = source.read(&mut some) {
                if sender.send(some[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { chunks, bytes: Vec::new(), ended: false }
    }

    /// Waits until this many lines were said, or all, and gives no more than these.
    pub(crate) fn take_lines(&mut self, count: usize) -> String {
        let end_of_last = |bytes: &[u8]| match count {
            0 => Some(0),
            _ => (1..).zip(bytes).filter(|(_, byte)| **byte == b'\n').nth(count - 1).map(|it| it.0),
        };
        self.wait(|bytes| end_of_last(bytes).is_some());
        let later = end_of_last(&self.bytes).map(|end| self.bytes.split_off(end));
        let lines = self.take();
        self.bytes = later.unwrap_or_default();
        lines
    }

    /// Waits until `enough` was said, or all, but not for ever.
    pub(crate) fn wait(&mut self, enough: impl Fn(&[u8]) -> bool) {
        let give_up = Instant::now() + PATIENCE;
        while !enough(&self.bytes) && !self.ended {
            let left = give_up.saturating_duration_since(Instant::now());
            if !self.receive(left) && left.is_zero() {
                return;
            }
        }
    }

    /// Whether all was said, as far as that can be told now.
    pub(crate) fn has_ended(&mut self) -> bool {
        while self.receive(Duration::ZERO) {}
        self.ended
    }

    fn receive(&mut self, limit: Duration) -> bool {
        match self.chunks.recv_timeout(limit) {
            Ok(chunk) => self.bytes.extend(chunk),
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => {
                self.ended = true;
                return false;
            }
        }
        true
    }

    /// What was said since.
    pub(crate) fn take(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.bytes)).into_owned()
    }
}
