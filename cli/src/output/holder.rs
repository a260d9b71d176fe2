//! Who holds a lock, in words.

use std::time::Duration;

use kubelock::{Record, Timestamp};

use super::{age, text};

/// `alice@runner (for 12s, expires in 18s)`.
pub(crate) fn words(record: &Record, seen_at: Timestamp) -> String {
    let since = age::human(age_of(record, seen_at));
    let left = age::human(record.expires_at().saturating_since(seen_at));
    let hold = record.hold.as_ref().map(|hold| format!(", hold {hold}")).unwrap_or_default();
    format!("{}{hold} (for {since}, expires in {left})", text::owner(&record.owner))
}

/// How long it has been held. That of a hold began before its last renewal; stamps may lie up
/// to a second ahead, which is no age yet.
pub(crate) fn age_of(record: &Record, seen_at: Timestamp) -> Duration {
    seen_at.saturating_since(record.acquired_at.unwrap_or(record.created_at))
}
