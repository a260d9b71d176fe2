//! What a command under a lock writes every few milliseconds, so that it can be seen who worked when.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::own_bin::own_bin;

/// How long it is from one beat to the next.
pub const PERIOD: Duration = Duration::from_millis(20);

/// One sign of life of a command under a lock.
///
/// # Shape
/// A line of a log: nanoseconds, token, name and process id, with spaces between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// When, by [`now_nanos`].
    pub at_nanos: u64,
    /// The fencing token of the hold.
    pub token: u64,
    /// What its contender is called; no spaces.
    pub who: String,
    /// The process that wrote it.
    pub pid: u32,
}

impl fmt::Display for Beat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at_nanos, token, who, pid } = self;
        writeln!(formatter, "{at_nanos} {token} {who} {pid}")
    }
}

/// A line that is no beat.
#[derive(Debug, thiserror::Error)]
#[error("not a beat: {0:?}")]
pub struct NotABeat(String);

impl FromStr for Beat {
    type Err = NotABeat;

    fn from_str(line: &str) -> Result<Self, NotABeat> {
        parse(line).ok_or_else(|| NotABeat(line.to_owned()))
    }
}

fn parse(line: &str) -> Option<Beat> {
    let mut words = line.split_whitespace();
    let beat = Beat {
        at_nanos: words.next()?.parse().ok()?,
        token: words.next()?.parse().ok()?,
        who: words.next()?.to_owned(),
        pid: words.next()?.parse().ok()?,
    };
    words.next().is_none().then_some(beat)
}

/// Nanoseconds of a clock that all processes of this machine share and nobody sets.
pub fn now_nanos() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

/// The program that beats: `beat LOG END WHO MODE`.
///
/// It appends to `LOG` until there is a file `END`, or for some seconds at most. The token is that
/// of the environment. The modes are those of [`Mode`].
pub fn program() -> io::Result<PathBuf> {
    own_bin("beat")
}

/// What kind of command beats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Ends when it is asked to.
    Plain,
    /// Ignores SIGTERM.
    Deaf,
    /// Waits for a deaf child that beats.
    Parent,
    /// Leaves a deaf child behind that beats.
    Leaver,
}

impl Mode {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Deaf, Self::Parent, Self::Leaver];

    /// As the program's argument.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Deaf => "deaf",
            Self::Parent => "parent",
            Self::Leaver => "leaver",
        }
    }

    /// Reads the program's argument.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_reads_back_as_it_was_written() {
        let beat = Beat { at_nanos: u64::MAX, token: 7, who: "c1.2".into(), pid: 9 };
        assert_eq!(beat.to_string().parse::<Beat>().unwrap(), beat);
    }

    #[test]
    fn half_a_line_is_no_beat() {
        for line in ["", "1 2 c1", "1 2 c1 9 9", "1 x c1 9"] {
            assert!(line.parse::<Beat>().is_err(), "{line}");
        }
    }
}
