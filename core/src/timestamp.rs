//! Instants, as the lock records write them.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

mod civil;

pub(crate) use civil::{Civil, NANOS_PER_SECOND, days_in_month};

/// An instant in nanoseconds since the Unix epoch.
///
/// Displayed in RFC 3339, in UTC, exactly as Go writes it: up to nine
/// fractional digits, trailing zeros dropped. Outside of the years 0 to 9999
/// the year just grows as wide as it needs to, which Go would refuse to read.
///
/// jiff and chrono hold neither Go's zero time nor all that Go reads (offsets
/// of 24 hours at both ends of the range), so the calendar here is our own.
///
/// # Examples
/// ```
/// use kubelock_core::timestamp::Timestamp;
///
/// let created_at = Timestamp::from_unix_nanos(1_585_130_400_120_000_000);
/// assert_eq!(created_at.to_string(), "2020-03-25T10:00:00.12Z");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    unix_nanos: i128,
}

impl Timestamp {
    /// What Go reads from a record without `createdAt`: 0001-01-01T00:00:00Z.
    pub const GO_ZERO: Self = Self::from_unix_nanos(-62_135_596_800 * NANOS_PER_SECOND);

    /// The first instant Go can write: 0000-01-01T00:00:00Z.
    pub(crate) const FIRST_WRITABLE: Self =
        Self::from_unix_nanos(-62_167_219_200 * NANOS_PER_SECOND);

    /// The last instant Go can write: 9999-12-31T23:59:59.999999999Z.
    pub(crate) const LAST_WRITABLE: Self =
        Self::from_unix_nanos(253_402_300_800 * NANOS_PER_SECOND - 1);

    /// The instant so many nanoseconds after the Unix epoch.
    pub const fn from_unix_nanos(unix_nanos: i128) -> Self {
        Self { unix_nanos }
    }

    /// Nanoseconds since the Unix epoch, negative before it.
    pub const fn unix_nanos(self) -> i128 {
        self.unix_nanos
    }

    /// The instant so many nanoseconds later, or the nearest there is.
    #[must_use]
    pub const fn saturating_add_nanos(self, nanos: i128) -> Self {
        Self::from_unix_nanos(self.unix_nanos.saturating_add(nanos))
    }

    /// The instant so much later, or the latest there is.
    #[must_use]
    pub fn saturating_add(self, span: Duration) -> Self {
        self.saturating_add_nanos(i128::try_from(span.as_nanos()).unwrap_or(i128::MAX))
    }

    /// The time since an earlier instant; zero if that instant is later.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        let nanos = self.unix_nanos.saturating_sub(earlier.unix_nanos).max(0);
        let seconds = u64::try_from(nanos / NANOS_PER_SECOND);
        let subsecond = u32::try_from(nanos % NANOS_PER_SECOND);
        match (seconds, subsecond) {
            (Ok(seconds), Ok(subsecond)) => Duration::new(seconds, subsecond),
            _ => Duration::MAX,
        }
    }

    /// The same instant on the system's clock, if that clock can show it.
    pub fn to_system_time(self) -> Option<SystemTime> {
        let epoch = Self::from_unix_nanos(0);
        if self < epoch {
            UNIX_EPOCH.checked_sub(epoch.saturating_since(self))
        } else {
            UNIX_EPOCH.checked_add(self.saturating_since(epoch))
        }
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let nanos = |since: Duration| i128::try_from(since.as_nanos()).unwrap_or(i128::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self::from_unix_nanos(nanos(after)),
            Err(before) => Self::from_unix_nanos(-nanos(before.duration())),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Padded as one piece, so that a table can align it.
        f.pad(&Civil::from_unix_nanos(self.unix_nanos).to_string())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(unix_nanos: i128) -> Timestamp {
        Timestamp::from_unix_nanos(unix_nanos)
    }

    #[test]
    fn trailing_zeros_of_the_fraction_are_dropped() {
        assert_eq!(at(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(at(100_000_000).to_string(), "1970-01-01T00:00:00.1Z");
        assert_eq!(at(1).to_string(), "1970-01-01T00:00:00.000000001Z");
        assert_eq!(at(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn every_leap_rule_of_the_calendar_is_kept() {
        let leap_days = [
            (951_782_400, "2000-02-29T00:00:00Z"),
            (-2_203_891_200, "1900-03-01T00:00:00Z"),
            (1_582_934_400, "2020-02-29T00:00:00Z"),
            (-62_162_121_600, "0000-02-29T00:00:00Z"),
        ];
        for (seconds, written) in leap_days {
            assert_eq!(at(seconds * NANOS_PER_SECOND).to_string(), written);
        }
    }

    #[test]
    fn the_ends_of_what_go_writes_are_where_go_puts_them() {
        assert_eq!(Timestamp::GO_ZERO.to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(Timestamp::FIRST_WRITABLE.to_string(), "0000-01-01T00:00:00Z");
        assert_eq!(Timestamp::LAST_WRITABLE.to_string(), "9999-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn outside_of_four_digits_the_year_grows() {
        let beyond = Timestamp::LAST_WRITABLE.saturating_add_nanos(1);
        let before = Timestamp::FIRST_WRITABLE.saturating_add_nanos(-1);

        assert_eq!(beyond.to_string(), "10000-01-01T00:00:00Z");
        assert_eq!(before.to_string(), "-0001-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn the_most_extreme_instants_are_written_without_overflow() {
        assert!(at(i128::MAX).to_string().ends_with('Z'));
        assert!(at(i128::MIN).to_string().starts_with('-'));
        assert_eq!(at(i128::MAX).saturating_add_nanos(1), at(i128::MAX));
    }

    #[test]
    fn time_since_a_later_instant_is_zero() {
        assert_eq!(at(5).saturating_since(at(9)), Duration::ZERO);
        assert_eq!(at(9).saturating_since(at(5)), Duration::from_nanos(4));
        assert_eq!(at(i128::MAX).saturating_since(at(i128::MIN)), Duration::MAX);
    }

    #[test]
    fn what_the_system_clock_cannot_show_is_none() {
        assert_eq!(at(i128::MAX).to_system_time(), None);
        assert_eq!(at(i128::MIN).to_system_time(), None);
    }

    proptest! {
        #[test]
        fn a_system_time_survives_the_way_there_and_back(nanos in any::<i64>()) {
            let there = at(nanos.into()).to_system_time();
            prop_assert_eq!(there.map(Timestamp::from), Some(at(nanos.into())));
        }
    }
}
