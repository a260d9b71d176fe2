//! The proleptic Gregorian calendar, in UTC.
//!
//! # Source
//! Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin
//! in March, so that the leap day is the last of its year.

use std::fmt;

pub(crate) const NANOS_PER_SECOND: i128 = 1_000_000_000;

const SECONDS_PER_DAY: i128 = 86_400;
const DAYS_PER_ERA: i128 = 146_097;
/// From the first day of the era of year 0, a March 1st, to the Unix epoch.
const DAYS_TO_EPOCH: i128 = 719_468;

/// A date and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i128,
    pub(crate) month: i128,
    pub(crate) day: i128,
    /// Since midnight.
    pub(crate) second: i128,
    /// Since that second.
    pub(crate) nanos: i128,
}

impl Civil {
    pub(crate) fn from_unix_nanos(unix_nanos: i128) -> Self {
        let seconds = unix_nanos.div_euclid(NANOS_PER_SECOND);
        let (year, month, day) = date_of(seconds.div_euclid(SECONDS_PER_DAY));
        Self {
            year,
            month,
            day,
            second: seconds.rem_euclid(SECONDS_PER_DAY),
            nanos: unix_nanos.rem_euclid(NANOS_PER_SECOND),
        }
    }

    pub(crate) fn unix_nanos(self) -> i128 {
        let days = days_since_epoch(self.year, self.month, self.day);
        (days * SECONDS_PER_DAY + self.second) * NANOS_PER_SECOND + self.nanos
    }
}

impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.year < 0 { "-" } else { "" };
        let (hour, minute, second) = (self.second / 3600, self.second / 60 % 60, self.second % 60);
        write!(f, "{sign}{:04}", self.year.unsigned_abs())?;
        write!(f, "-{:02}-{:02}", self.month, self.day)?;
        write!(f, "T{hour:02}:{minute:02}:{second:02}")?;
        if self.nanos != 0 {
            let digits = format!("{:09}", self.nanos);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

pub(crate) fn days_in_month(year: i128, month: i128) -> i128 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: i128) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_since_epoch(year: i128, month: i128, day: i128) -> i128 {
    let march_year = if month > 2 { year } else { year - 1 };
    let month_from_march = (month + 9) % 12;
    let era = march_year.div_euclid(400);
    let year_of_era = march_year.rem_euclid(400);
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH
}

fn date_of(days_since_epoch: i128) -> (i128, i128, i128) {
    let days = days_since_epoch + DAYS_TO_EPOCH;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i128::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_eight_centuries_is_its_own_and_follows_the_last() {
        let first = days_since_epoch(-100, 1, 1);
        let mut expected = (-100, 1, 1);
        for days in first..first + 2 * DAYS_PER_ERA {
            assert_eq!(date_of(days), expected);
            assert_eq!(days_since_epoch(expected.0, expected.1, expected.2), days);
            expected = day_after(expected);
        }
    }

    fn day_after((year, month, day): (i128, i128, i128)) -> (i128, i128, i128) {
        if day < days_in_month(year, month) {
            (year, month, day + 1)
        } else if month < 12 {
            (year, month + 1, 1)
        } else {
            (year + 1, 1, 1)
        }
    }
}
