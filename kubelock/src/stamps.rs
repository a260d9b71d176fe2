//! Makes every `createdAt` of this process one of a kind.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use kubelock_core::timestamp::Timestamp;

/// Stamps are moved forward by less than this, a millisecond.
const SPREAD_NANOS: u64 = 1_000_000;

static ISSUED: AtomicU64 = AtomicU64::new(0);
static FIRST: OnceLock<u64> = OnceLock::new();

/// `time`, moved forward by less than a millisecond.
///
/// An attempt is told from everybody else's by its bytes alone, and two callers may share
/// owner and ttl. So no two stamps of one process are moved by the same span, even if the
/// clock stands still, until a million were made; and where each process begins is random.
pub(crate) fn unlike_others(time: Timestamp) -> Timestamp {
    let first = *FIRST.get_or_init(random);
    let span = first.wrapping_add(ISSUED.fetch_add(1, Ordering::Relaxed)) % SPREAD_NANOS;
    time.saturating_add_nanos(i128::from(span))
}

fn random() -> u64 {
    // Without randomness the clock's own digits must do, and the process's number.
    getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()).wrapping_mul(7_919))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_clock_that_stands_still_gives_stamps_that_differ_by_less_than_a_millisecond() {
        let time = Timestamp::from_unix_nanos(1_000);
        let stamps: HashSet<_> = (0..10_000).map(|_| unlike_others(time)).collect();
        assert_eq!(stamps.len(), 10_000);
        let last = time.saturating_add_nanos(1_000_000);
        assert!(stamps.iter().all(|stamp| (time..last).contains(stamp)));
    }
}
