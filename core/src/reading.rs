//! What the clocks that never step show.

use std::time::Duration;

use crate::mutant::Mutant;

/// Two clocks, read at one instant.
///
/// Only the difference of two readings of one process means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Reading {
    /// `CLOCK_BOOTTIME`: time that the machine was suspended counts.
    pub boot: Duration,
    /// The monotonic clock: it may stand still meanwhile.
    pub monotonic: Duration,
}

impl Reading {
    /// How long ago `earlier` was by the clock that counts more: for what must end in time.
    pub fn at_most_since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_sub(earlier.monotonic);
        if Mutant::NoBootTime.is_on() {
            return monotonic;
        }
        self.boot.saturating_sub(earlier.boot).max(monotonic)
    }

    /// How long ago `earlier` was by the clock that counts less: for what must have lasted.
    pub fn at_least_since(self, earlier: Self) -> Duration {
        self.boot.saturating_sub(earlier.boot).min(self.monotonic.saturating_sub(earlier.monotonic))
    }
}
