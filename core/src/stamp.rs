//! Which `createdAt` to write, when clocks differ.
//!
//! A stamp that is too early lets others rob a live lock; one that is a little too
//! late costs nothing. So a stamp is never before the API server's time, as far as
//! an answer has told it, and never more than five minutes ahead of it.

use std::time::Duration;

use crate::mutant::Mutant;
use crate::timestamp::Timestamp;

const AHEAD_MAX: Duration = Duration::from_mins(5);
/// Two bounds of one clock differ by up to a `Date`'s grain and a round trip.
const AHEAD_SLACK: Duration = Duration::from_secs(2);
const EARLY_MAX: Duration = Duration::from_secs(1);
/// `Date` is cut to whole seconds.
pub const DATE_GRAIN: Duration = Duration::from_secs(1);

/// The latest that the server's clock can show, `since_sent` after the request was sent
/// whose answer carried `date`.
pub fn upper_bound(date: Timestamp, since_sent: Duration) -> Timestamp {
    if Mutant::StampsByBareDate.is_on() {
        return date;
    }
    date.saturating_add(DATE_GRAIN).saturating_add(since_sent)
}

/// The stamp for a record written now.
pub fn stamp(wall: Timestamp, server_bound: Option<Timestamp>) -> Timestamp {
    match server_bound {
        None => wall,
        Some(bound) => wall.max(bound).min(bound.saturating_add(AHEAD_MAX)),
    }
}

/// Whether an answer with this `date`, `since_sent` after its request, shows that a stamp
/// was early by more than a second or ahead by more than five minutes.
pub fn is_off(created_at: Timestamp, date: Timestamp, since_sent: Duration) -> bool {
    if Mutant::NoRestamp.is_on() {
        return false;
    }
    let early = date.saturating_since(created_at) > EARLY_MAX;
    let ahead =
        created_at.saturating_since(upper_bound(date, since_sent)) > AHEAD_MAX + AHEAD_SLACK;
    early || ahead
}

/// Whether an answer with this `date` leaves it possible that a stamp was early by more than the
/// margin of a hold: then its record could expire, by a right clock, before the hold does.
pub fn is_beyond_margin(created_at: Timestamp, date: Timestamp, margin: Duration) -> bool {
    !Mutant::NoRestamp.is_on()
        && date.saturating_add(DATE_GRAIN).saturating_since(created_at) > margin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i128) -> Timestamp {
        Timestamp::from_unix_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_stamp_is_the_later_of_both_clocks_and_at_most_five_minutes_ahead_of_the_servers() {
        assert_eq!(stamp(at(100), None), at(100));
        assert_eq!(stamp(at(100), Some(at(200))), at(200));
        assert_eq!(stamp(at(300), Some(at(200))), at(300));
        assert_eq!(stamp(at(9_000), Some(at(200))), at(500));
    }

    #[test]
    fn a_stamp_bound_to_the_server_is_never_off_at_the_next_answer() {
        for wall in [-9_000, 0, 1_000, 1_290, 9_000] {
            let bound = upper_bound(at(1_000), Duration::from_secs(2));
            let stamped = stamp(at(wall), Some(bound));
            for date in [1_000, 1_002] {
                assert!(!is_off(stamped, at(date), Duration::from_millis(5)), "{wall} {date}");
            }
        }
    }

    #[test]
    fn a_date_is_up_to_a_second_behind_and_a_margin_must_bear_that() {
        let half = Duration::from_millis(500);
        let created_at = |millis: i128| Timestamp::from_unix_nanos(millis * 1_000_000);
        assert!(is_beyond_margin(created_at(100_499), at(100), half));
        assert!(!is_beyond_margin(created_at(100_500), at(100), half));
        assert!(!is_beyond_margin(created_at(98_000), at(100), Duration::from_secs(3)));
    }

    #[test]
    fn a_stamp_is_off_when_early_by_more_than_a_second_or_ahead_by_more_than_five_minutes() {
        let now = Duration::ZERO;
        assert!(!is_off(at(99), at(100), now));
        assert!(is_off(at(98), at(100), now));
        assert!(!is_off(at(403), at(100), now));
        assert!(is_off(at(404), at(100), now));
    }
}
