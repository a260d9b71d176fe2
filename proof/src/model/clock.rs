//! What the clocks of one process show, a tick at a time.

use std::time::Duration;

use kubelock_core::reading::Reading;
use kubelock_core::timestamp::Timestamp;

/// How the clocks of one process differ from true time.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The wall clock is ahead by so much, in milliseconds.
    pub wall_ahead: i64,
    /// Its pace: milliseconds of its own in a true second.
    pub pace: u32,
    /// The API server that it talks to is ahead by so much, in milliseconds.
    pub server_ahead: i64,
}

impl Clock {
    /// True time, and a server that shows it, too.
    pub const TRUE: Self = Self { wall_ahead: 0, pace: 1_000, server_ahead: 0 };

    /// The wall clock is ahead by so many milliseconds, or behind.
    #[must_use]
    pub const fn wall(self, wall_ahead: i64) -> Self {
        Self { wall_ahead, ..self }
    }

    /// So many milliseconds pass in a true second.
    #[must_use]
    pub const fn pace(self, pace: u32) -> Self {
        Self { pace, ..self }
    }

    /// Its server's clock is ahead by so many milliseconds, or behind.
    #[must_use]
    pub const fn server(self, server_ahead: i64) -> Self {
        Self { server_ahead, ..self }
    }
}

/// What one process's clocks show at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The clocks that never step.
    pub reading: Reading,
    /// The one that people set.
    pub wall: Timestamp,
    /// The API server's, cut to seconds: for answers alone.
    pub date: Timestamp,
}

/// True time begins at a whole second, long after the epoch.
const START_MILLIS: i64 = 1_000_000_000;

impl Moment {
    /// After `millis` of true time; for `asleep` milliseconds of it the machine was suspended.
    pub fn at(clock: &Clock, millis: u64, asleep: u64) -> Self {
        let own = |millis: u64| Duration::from_millis(millis * u64::from(clock.pace) / 1_000);
        let since = i64::try_from(millis).unwrap_or(i64::MAX);
        let server = (START_MILLIS + since + clock.server_ahead).div_euclid(1_000) * 1_000;
        Self {
            reading: Reading { boot: own(millis), monotonic: own(millis.saturating_sub(asleep)) },
            wall: of_millis(START_MILLIS + since + clock.wall_ahead),
            date: of_millis(server),
        }
    }
}

fn of_millis(millis: i64) -> Timestamp {
    Timestamp::from_unix_nanos(i128::from(millis) * 1_000_000)
}
