//! Makes every `createdAt` of this process one of a kind.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use kubelock_core::timestamp::Timestamp;

/// A millisecond: the clock's reading is rounded up to one, and the stamps in it told apart.
const SPREAD_NANOS: u64 = 1_000_000;

static ISSUED: AtomicU64 = AtomicU64::new(0);
static FIRST: OnceLock<u64> = OnceLock::new();

/// `time`, moved forward by less than two milliseconds.
///
/// An attempt is told from everybody else's by its bytes alone, and two callers may share
/// owner and ttl. So the digits below a millisecond are those of a count of this process's
/// stamps, whatever the clock does: a million in a row differ.
pub(crate) fn unlike_others(time: Timestamp, count: u64) -> Timestamp {
    let span = count % SPREAD_NANOS;
    let spread = i128::from(SPREAD_NANOS);
    let millis = time.unix_nanos().saturating_add(spread - 1).div_euclid(spread);
    Timestamp::from_unix_nanos(millis.saturating_mul(spread).saturating_add(i128::from(span)))
}

/// Counts from a random start: two processes that stamp in the same millisecond agree once in a
/// million times.
pub(crate) fn count() -> u64 {
    FIRST.get_or_init(random).wrapping_add(ISSUED.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn random() -> u64 {
    // Without randomness the clock's own digits must do, and the process's number.
    getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()).wrapping_mul(7_919))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn stamps_differ_whatever_the_clock_does_and_are_ahead_of_it_by_less_than_two_milliseconds() {
        let mut stamps = HashSet::new();
        for step in 0..10_000_i128 {
            // A clock that stands still, ticks by nanoseconds, and goes back.
            let time = Timestamp::from_unix_nanos(5_000_000 - step / 3);
            let stamp = unlike_others(time, count());
            assert!(stamps.insert(stamp), "{stamp}");
            assert!((time..time.saturating_add_nanos(2_000_000)).contains(&stamp));
        }
    }
}
