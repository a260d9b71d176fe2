//! The clocks of one machine: wrong, drifting, stepping, and asleep while it is suspended.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kubelock::{Clock, Timestamp};
use tokio::time::Instant;

/// True time begins here: 2026-01-01T00:00:00Z.
const EPOCH_NANOS: i128 = 1_767_225_600_000_000_000;
/// The rate of a right clock.
pub(crate) const RIGHT_RATE: u64 = 1_000_000;

/// True time: as tokio's clock goes, with a phase in the second of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrueTime {
    started: Instant,
    phase: Duration,
}

impl TrueTime {
    pub(crate) fn start(phase: Duration) -> Self {
        Self { started: Instant::now(), phase }
    }

    /// Since the world began.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn stamp(&self, at: Duration) -> Timestamp {
        Timestamp::from_unix_nanos(EPOCH_NANOS).saturating_add(self.phase + at)
    }
}

/// What is wrong with the clocks of a machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flaws {
    /// How far the wall clock is ahead.
    pub(crate) ahead_millis: i64,
    /// So many microseconds go by in a true second.
    pub(crate) rate: u64,
}

impl Flaws {
    pub(crate) const NONE: Self = Self { ahead_millis: 0, rate: RIGHT_RATE };
}

/// One machine's clocks.
#[derive(Debug)]
pub(crate) struct Machine {
    time: TrueTime,
    rate: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    ahead_millis: i64,
    slept: Duration,
    asleep_since: Option<Duration>,
}

impl Machine {
    pub(crate) fn new(time: TrueTime, flaws: Flaws) -> Self {
        let Flaws { ahead_millis, rate } = flaws;
        let state = State { ahead_millis, slept: Duration::ZERO, asleep_since: None };
        Self { time, rate, state: Mutex::new(state) }
    }

    /// The wall clock steps.
    pub(crate) fn step_to(&self, ahead_millis: i64) {
        self.state().ahead_millis = ahead_millis;
    }

    /// Its timers and the monotonic clock stand still from now on.
    pub(crate) fn suspend(&self) {
        let now = self.time.now();
        self.state().asleep_since.get_or_insert(now);
    }

    pub(crate) fn resume(&self) {
        let now = self.time.now();
        let mut state = self.state();
        if let Some(since) = state.asleep_since.take() {
            state.slept += now.saturating_sub(since);
        }
    }

    /// How much true time passes while its clocks count `span`, rounded up.
    pub(crate) fn true_span(&self, span: Duration) -> Duration {
        scaled(span, RIGHT_RATE, self.rate) + Duration::from_nanos(1)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Machine {
    fn wall(&self) -> Timestamp {
        let ahead = i128::from(self.state().ahead_millis) * 1_000_000;
        self.time.stamp(self.boot()).saturating_add_nanos(ahead)
    }

    fn boot(&self) -> Duration {
        scaled(self.time.now(), self.rate, RIGHT_RATE)
    }

    fn monotonic(&self) -> Duration {
        let now = self.time.now();
        let state = self.state();
        let asleep = state.asleep_since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
        scaled(now.saturating_sub(state.slept + asleep), self.rate, RIGHT_RATE)
    }
}

fn scaled(span: Duration, by: u64, of: u64) -> Duration {
    if by == of {
        return span;
    }
    let nanos = span.as_nanos() * u128::from(by) / u128::from(of);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn suspend_counts_for_boot_and_not_for_the_monotonic_clock() {
        let machine = Machine::new(TrueTime::start(Duration::ZERO), Flaws::NONE);
        machine.suspend();
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(machine.monotonic(), Duration::ZERO);
        machine.resume();
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(machine.monotonic(), Duration::from_secs(2));
        assert_eq!(machine.boot(), Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_machine_counts_more_and_steps_of_its_wall_clock_change_nothing_else() {
        let fast = Flaws { ahead_millis: -3_000, rate: RIGHT_RATE * 11 / 10 };
        let machine = Machine::new(TrueTime::start(Duration::ZERO), fast);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(machine.boot(), Duration::from_secs(11));
        let before = machine.wall();
        machine.step_to(4_000);
        assert_eq!(machine.wall().saturating_since(before), Duration::from_secs(7));
        assert_eq!(machine.boot(), Duration::from_secs(11));
        assert!(machine.true_span(Duration::from_secs(11)) > Duration::from_secs(10));
    }
}
