//! How long a lock lasts.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// A time to live that may be written into a record.
///
/// # Units
/// Stored in nanoseconds, in a signed number of 64 bits: 1 ns up to 292 years.
///
/// # Examples
/// ```
/// use kubelock_core::ttl::Ttl;
/// use std::time::Duration;
///
/// let ttl = Ttl::new(Duration::from_secs(5400))?;
/// assert_eq!(ttl.to_string(), "1h30m");
/// assert_eq!(Ttl::new(Duration::ZERO)?, Ttl::DEFAULT);
/// # Ok::<(), kubelock_core::ttl::InvalidTtl>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl {
    nanos: i64,
}

impl Ttl {
    /// Five minutes, as in the Go package.
    pub const DEFAULT: Self = Self { nanos: 300_000_000_000 };

    /// The ttl so long, or [`Ttl::DEFAULT`] for zero.
    ///
    /// # Errors
    /// [`InvalidTtl`] above 2^63 - 1 nanoseconds, which a record cannot hold.
    pub fn new(ttl: Duration) -> Result<Self, InvalidTtl> {
        match i64::try_from(ttl.as_nanos()) {
            Ok(0) => Ok(Self::DEFAULT),
            Ok(nanos) => Ok(Self { nanos }),
            Err(_) => Err(InvalidTtl { given: ttl }),
        }
    }

    /// The ttl in nanoseconds, as stored.
    pub const fn nanos(self) -> i64 {
        self.nanos
    }

    /// The ttl as a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_nanos(self.nanos.unsigned_abs())
    }
}

impl Default for Ttl {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<Duration> for Ttl {
    type Error = InvalidTtl;

    fn try_from(ttl: Duration) -> Result<Self, InvalidTtl> {
        Self::new(ttl)
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DisplayNanos(self.nanos).fmt(f)
    }
}

/// A ttl longer than a record can hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a ttl of {given:?} is too long: the most is {max}", max = DisplayNanos(i64::MAX))]
pub struct InvalidTtl {
    given: Duration,
}

/// A number of nanoseconds, shown as people write durations: `30s`, `1h30m`.
///
/// Takes any ttl that a record may carry, the negative ones too.
///
/// # Examples
/// ```
/// use kubelock_core::ttl::DisplayNanos;
///
/// assert_eq!(DisplayNanos(-90_500_000_000).to_string(), "-1m30.5s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisplayNanos(pub i64);

impl DisplayNanos {
    const MICROSECOND: u64 = 1_000;
    const MILLISECOND: u64 = 1_000_000;
    const SECOND: u64 = 1_000_000_000;
    const MINUTE: u64 = 60 * Self::SECOND;
    const HOUR: u64 = 60 * Self::MINUTE;

    fn text(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        if nanos == 0 {
            "0s".to_owned()
        } else if nanos < Self::MICROSECOND {
            format!("{sign}{nanos}ns")
        } else if nanos < Self::MILLISECOND {
            format!("{sign}{}µs", decimal(nanos, Self::MICROSECOND))
        } else if nanos < Self::SECOND {
            format!("{sign}{}ms", decimal(nanos, Self::MILLISECOND))
        } else {
            format!("{sign}{}", Self::clock(nanos))
        }
    }

    fn clock(nanos: u64) -> String {
        let seconds = nanos % Self::MINUTE;
        let parts = [(nanos / Self::HOUR, 'h'), (nanos % Self::HOUR / Self::MINUTE, 'm')];
        let mut text = String::new();
        for (count, unit) in parts.into_iter().filter(|(count, _)| *count > 0) {
            text.push_str(&count.to_string());
            text.push(unit);
        }
        if seconds > 0 {
            text.push_str(&decimal(seconds, Self::SECOND));
            text.push('s');
        }
        text
    }
}

impl fmt::Display for DisplayNanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

/// `nanos / unit` in full precision, without needless zeros.
fn decimal(nanos: u64, unit: u64) -> String {
    let (whole, rest) = (nanos / unit, nanos % unit);
    if rest == 0 {
        return whole.to_string();
    }
    // Each unit with a fraction is a power of ten: so many digits follow.
    let digits = unit.ilog10() as usize;
    let fraction = format!("{rest:0digits$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_asks_for_the_default() {
        assert_eq!(Ttl::new(Duration::ZERO), Ok(Ttl::DEFAULT));
        assert_eq!(Ttl::DEFAULT.to_string(), "5m");
    }

    #[test]
    fn the_longest_ttl_is_what_the_record_can_hold() {
        let longest = Duration::from_nanos(i64::MAX.unsigned_abs());

        assert_eq!(Ttl::new(longest).map(Ttl::nanos), Ok(i64::MAX));
        assert_eq!(Ttl::new(longest).map(Ttl::duration), Ok(longest));
        assert!(Ttl::new(longest + Duration::from_nanos(1)).is_err());
    }

    #[test]
    fn a_refused_ttl_is_named_beside_the_limit() {
        let refused = Ttl::new(Duration::from_secs(10_000_000_000));

        assert_eq!(
            refused.map_err(|error| error.to_string()),
            Err("a ttl of 10000000000s is too long: the most is 2562047h47m16.854775807s"
                .to_owned())
        );
    }

    #[test]
    fn durations_are_shown_as_people_write_them() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (300_000_000, "300ms"),
            (30_000_000_000, "30s"),
            (300_000_000_000, "5m"),
            (5_400_000_000_000, "1h30m"),
            (86_400_000_000_000, "24h"),
            (3_600_500_000_000, "1h0.5s"),
            (60_000_000_001, "1m0.000000001s"),
            (-1_000_000_000, "-1s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ];
        for (nanos, shown) in cases {
            assert_eq!(DisplayNanos(nanos).to_string(), shown);
        }
    }

    #[test]
    fn a_shown_duration_can_be_aligned() {
        assert_eq!(format!("{:>5}|", Ttl::DEFAULT), "   5m|");
    }
}
