//! Where the time comes from.

use std::time::{Duration, SystemTime};

use kubelock_core::timestamp::Timestamp;

/// The clocks of one process. Tests bring their own.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock. It may step.
    fn wall(&self) -> Timestamp;

    /// Time since some fixed moment, suspend included. It never steps.
    fn boot(&self) -> Duration;

    /// Time since some fixed moment, suspend included or not. It never steps, and timers go by it.
    ///
    /// Unless a clock has one of its own, it is [`Clock::boot`].
    fn monotonic(&self) -> Duration {
        self.boot()
    }
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall(&self) -> Timestamp {
        Timestamp::from(SystemTime::now())
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn boot(&self) -> Duration {
        read(rustix::time::ClockId::Boottime)
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn monotonic(&self) -> Duration {
        read(rustix::time::ClockId::Monotonic)
    }

    // Elsewhere the standard library's clock is the best at hand; on macOS and Windows it
    // is not promised to count suspend.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn boot(&self) -> Duration {
        use std::sync::OnceLock;
        use std::time::Instant;
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn read(clock: rustix::time::ClockId) -> Duration {
    let now = rustix::time::clock_gettime(clock);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_never_goes_back() {
        let first = SystemClock.boot();
        assert!(SystemClock.boot() >= first);
        assert!(SystemClock.monotonic() <= SystemClock.boot());
    }
}
