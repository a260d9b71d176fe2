//! Who holds a lock, in words.

use std::time::Duration;

use kubelock::{Record, Timestamp};

use super::{age, text};

/// `alice@runner, hold 6f1c (for 12s, expires in 18s)`.
pub(crate) fn words(record: &Record, seen_at: Timestamp) -> String {
    words_with(record, seen_at, &left(record, seen_at))
}

/// The same with these words for what comes next.
pub(super) fn words_with(record: &Record, seen_at: Timestamp, next: &str) -> String {
    let hold = record.hold.as_ref().map(|hold| format!(", hold {hold}")).unwrap_or_default();
    let since = age::human(age_of(record, seen_at));
    format!("{}{hold} (for {since}, {next})", text::owner(&record.owner))
}

/// `expires in 18s`, `expired 3s ago`.
pub(super) fn left(record: &Record, seen_at: Timestamp) -> String {
    let expires_at = record.expires_at();
    if seen_at < expires_at {
        format!("expires in {}", age::human(expires_at.saturating_since(seen_at)))
    } else {
        format!("expired {} ago", age::human(seen_at.saturating_since(expires_at)))
    }
}

/// How long it has been held. That of a hold began before its last renewal; stamps may lie up
/// to a second ahead, which is no age yet.
pub(crate) fn age_of(record: &Record, seen_at: Timestamp) -> Duration {
    seen_at.saturating_since(record.acquired_at.unwrap_or(record.created_at))
}

#[cfg(test)]
mod tests {
    use kubelock::Ttl;

    use super::*;

    #[test]
    fn a_record_that_has_expired_is_told_as_one() {
        let at = |seconds: i128| Timestamp::from_unix_nanos(seconds * 1_000_000_000);
        let record = Record::new("alice", at(0), Ttl::new(Duration::from_secs(30)).unwrap());
        assert_eq!(words(&record, at(12)), "alice (for 12s, expires in 18s)");
        assert_eq!(words(&record, at(33)), "alice (for 33s, expired 3s ago)");
    }
}
