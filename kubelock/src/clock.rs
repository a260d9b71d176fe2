//! Where the time comes from.

use std::time::{Duration, SystemTime};

use kubelock_core::timestamp::Timestamp;

/// The clocks of one process. Tests bring their own.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock. It may step.
    fn wall(&self) -> Timestamp;

    /// Time since some fixed moment, suspend included. It never steps.
    fn boot(&self) -> Duration;
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
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_never_goes_back() {
        let first = SystemClock.boot();
        assert!(SystemClock.boot() >= first);
    }
}
