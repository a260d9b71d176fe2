//! Instants that mean the same in every process of this machine.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Suspend counts where the kernel can tell; macOS counts it in its monotonic clock.
#[cfg(any(target_os = "linux", target_os = "android"))]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const CLOCK: ClockId = ClockId::Monotonic;

/// An instant, in nanoseconds since the machine started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Boottime(u64);

impl Boottime {
    pub(crate) fn now() -> Self {
        let now = clock_gettime(CLOCK);
        let seconds = now.tv_sec.unsigned_abs().saturating_mul(1_000_000_000);
        Self(seconds.saturating_add(now.tv_nsec.unsigned_abs()))
    }

    pub(super) fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    pub(crate) fn nanos(self) -> u64 {
        self.0
    }

    /// This much later; what is too far away for a number is as far as a number goes.
    pub(super) fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanos(span)))
    }

    /// How long it is from `earlier` to here; nothing if it was not earlier.
    pub(super) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A duration in nanoseconds; 584 years are the most.
pub(super) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
