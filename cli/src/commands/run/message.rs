//! What the two processes tell each other: frames of one size.

use std::time::Duration;

use rustix::process::Pid;

use super::plan::Deadlines;
use crate::boottime::{Boottime, nanos};

/// The numbers of a frame: what it is, and four of whatever it carries.
pub(super) type Words = [u64; 5];

/// Bytes of a frame.
pub(super) const FRAME: usize = size_of::<Words>();

/// Something that fits into a frame.
pub(super) trait Message: Sized {
    fn words(self) -> Words;

    /// Nothing, if no such message exists.
    fn from_words(words: Words) -> Option<Self>;

    fn frame(self) -> [u8; FRAME] {
        let mut frame = [0; FRAME];
        for (bytes, word) in frame.chunks_exact_mut(8).zip(self.words()) {
            bytes.copy_from_slice(&word.to_ne_bytes());
        }
        frame
    }

    fn from_frame(frame: [u8; FRAME]) -> Option<Self> {
        let mut words = Words::default();
        for (word, bytes) in words.iter_mut().zip(frame.chunks_exact(8)) {
            *word = u64::from_ne_bytes(bytes.try_into().ok()?);
        }
        Self::from_words(words)
    }
}

/// What the warden is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Start the command; its stdin comes with it. The group is that of the first process, which
    /// gets the terminal back; none where that group is outside of this pid namespace.
    Start { deadlines: Deadlines, grace: Duration, group: Option<Pid> },
    /// The lock was renewed.
    Extend(Deadlines),
    /// The lock is lost: end the command now, and have it dead by then.
    End { kill_at: Boottime },
    /// Continue the command, in the foreground if that is ours.
    Resume,
    /// To the launcher: become the command; its stdin comes with it.
    Go,
}

/// What the warden tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// This group will hold the command.
    Launched(Pid),
    /// The command cannot be executed, by this error of the system.
    Refused(i32),
    /// The warden itself failed, by this error of the system.
    Failed(i32),
    /// The group was asked to end.
    Terminating,
    /// Some of the group cannot be ended; nobody looks after it any more.
    Immortal,
    /// The command was stopped by this signal.
    Stopped(i32),
    /// The command ended, and nobody is left of its group.
    Ended { status: Status, in_time: bool },
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Exited(u8),
    Killed(i32),
}

impl Status {
    /// As a shell tells it.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Killed(signal) => u8::try_from(128_i32.saturating_add(signal)).unwrap_or(u8::MAX),
        }
    }

    fn words(self) -> [u64; 2] {
        match self {
            Self::Exited(code) => [0, code.into()],
            Self::Killed(signal) => [1, word(signal)],
        }
    }

    fn from_words(killed: u64, number: u64) -> Option<Self> {
        match killed {
            0 => u8::try_from(number).ok().map(Self::Exited),
            1 => int(number).map(Self::Killed),
            _ => None,
        }
    }
}

impl Message for Order {
    fn words(self) -> Words {
        match self {
            Self::Start { deadlines: Deadlines { term_at, kill_at }, grace, group } => {
                let group = group.map_or(0, Pid::as_raw_pid);
                [1, term_at.nanos(), kill_at.nanos(), nanos(grace), word(group)]
            }
            Self::Extend(Deadlines { term_at, kill_at }) => {
                [2, term_at.nanos(), kill_at.nanos(), 0, 0]
            }
            Self::End { kill_at } => [3, kill_at.nanos(), 0, 0, 0],
            Self::Resume => [4, 0, 0, 0, 0],
            Self::Go => [5, 0, 0, 0, 0],
        }
    }

    fn from_words(words: Words) -> Option<Self> {
        let [kind, a, b, c, d] = words;
        let instant = Boottime::from_nanos;
        match kind {
            1 => Some(Self::Start {
                deadlines: Deadlines { term_at: instant(a), kill_at: instant(b) },
                grace: Duration::from_nanos(c),
                group: Pid::from_raw(int(d)?),
            }),
            2 => Some(Self::Extend(Deadlines { term_at: instant(a), kill_at: instant(b) })),
            3 => Some(Self::End { kill_at: instant(a) }),
            4 => Some(Self::Resume),
            5 => Some(Self::Go),
            _ => None,
        }
    }
}

impl Message for Report {
    fn words(self) -> Words {
        match self {
            Self::Launched(group) => [11, word(group.as_raw_pid()), 0, 0, 0],
            Self::Refused(errno) => [12, word(errno), 0, 0, 0],
            Self::Failed(errno) => [13, word(errno), 0, 0, 0],
            Self::Terminating => [14, 0, 0, 0, 0],
            Self::Stopped(signal) => [15, word(signal), 0, 0, 0],
            Self::Ended { status, in_time } => {
                let [killed, number] = status.words();
                [16, killed, number, in_time.into(), 0]
            }
            Self::Immortal => [17, 0, 0, 0, 0],
        }
    }

    fn from_words([kind, a, b, c, _]: Words) -> Option<Self> {
        match kind {
            11 => pid(a).map(Self::Launched),
            12 => int(a).map(Self::Refused),
            13 => int(a).map(Self::Failed),
            14 => Some(Self::Terminating),
            15 => int(a).map(Self::Stopped),
            16 => Some(Self::Ended { status: Status::from_words(a, b)?, in_time: c == 1 }),
            17 => Some(Self::Immortal),
            _ => None,
        }
    }
}

/// Signals, errors and process ids are never negative.
fn word(number: i32) -> u64 {
    number.unsigned_abs().into()
}

fn int(word: u64) -> Option<i32> {
    i32::try_from(word).ok()
}

/// Never 1: a signal to that group would be one to every process there is.
fn pid(word: u64) -> Option<Pid> {
    int(word).filter(|number| *number > 1).and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept<M: Message + Copy + PartialEq + std::fmt::Debug>(message: M) {
        assert_eq!(M::from_frame(message.frame()), Some(message));
    }

    #[test]
    fn every_message_arrives_as_it_was_sent() {
        let instant = Boottime::from_nanos(u64::MAX - 7);
        let deadlines = Deadlines { term_at: instant, kill_at: Boottime::from_nanos(3) };
        let group = Pid::from_raw(i32::MAX).unwrap();
        let grace = Duration::from_millis(9_500);
        for ours in [None, Some(Pid::INIT), Some(group)] {
            kept(Order::Start { deadlines, grace, group: ours });
        }
        kept(Order::Extend(deadlines));
        kept(Order::End { kill_at: instant });
        kept(Order::Resume);
        kept(Order::Go);
        kept(Report::Launched(group));
        kept(Report::Refused(2));
        kept(Report::Failed(11));
        kept(Report::Terminating);
        kept(Report::Immortal);
        kept(Report::Stopped(20));
        kept(Report::Ended { status: Status::Exited(255), in_time: true });
        kept(Report::Ended { status: Status::Killed(9), in_time: false });
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for words in [[0; 5], [99, 0, 0, 0, 0], [1, 0, 0, 0, u64::MAX]] {
            assert_eq!(Order::from_words(words), None, "{words:?}");
        }
        let numbers = [0, 1, u64::MAX].map(|group| [11, group, 0, 0, 0]);
        assert!(numbers.into_iter().all(|words| Report::from_words(words).is_none()));
        assert_eq!(Report::from_words([16, 2, 0, 1, 0]), None);
        assert_eq!(Report::from_words([16, 0, 256, 1, 0]), None);
    }

    #[test]
    fn death_by_a_signal_is_told_as_shells_tell_it() {
        assert_eq!(Status::Exited(7).code(), 7);
        assert_eq!(Status::Killed(15).code(), 143);
    }
}
