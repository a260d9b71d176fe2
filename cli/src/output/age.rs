//! Durations for people.

use std::time::{Duration, SystemTime};

use kubelock::{Timestamp, Ttl};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// As kubectl shows ages: two units at most, and fewer the longer it is.
pub(crate) fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(seconds, MINUTE, 'm', 1, 's'),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(seconds, HOUR, 'h', MINUTE, 'm'),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(seconds, DAY, 'd', HOUR, 'h'),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => two(seconds, YEAR, 'y', DAY, 'd'),
        _ => format!("{}y", seconds / YEAR),
    }
}

fn two(seconds: u64, unit: u64, letter: char, part: u64, part_letter: char) -> String {
    let rest = seconds % unit / part;
    let whole = seconds / unit;
    if rest == 0 {
        format!("{whole}{letter}")
    } else {
        format!("{whole}{letter}{rest}{part_letter}")
    }
}

/// How long ago that was, by this machine's clock.
pub(crate) fn since_now(then: Timestamp) -> String {
    human(Timestamp::from(SystemTime::now()).saturating_since(then))
}

/// An instant without its fraction, which nobody waits for: never too early.
pub(crate) fn second(instant: Timestamp) -> String {
    const SECOND: i128 = 1_000_000_000;
    let early = instant.unix_nanos().rem_euclid(SECOND);
    instant.saturating_add_nanos((SECOND - early) % SECOND).to_string()
}

/// A ttl without rounding, as it would be typed: `1h30m`, `1.5s`.
///
/// Foreign records may hold any number; only ours can be a [`Ttl`].
pub(crate) fn exact(nanos: i64) -> String {
    let ttl = u64::try_from(nanos).ok().filter(|nanos| *nanos > 0).map(Duration::from_nanos);
    match ttl.and_then(|ttl| Ttl::new(ttl).ok()) {
        Some(ttl) => ttl.to_string(),
        None => format!("{nanos}ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_kubectl_shows_them() {
        let cases = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (184, "3m4s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (11_100, "3h5m"),
            (28_800, "8h"),
            (172_800, "2d"),
            (180_000, "2d2h"),
            (691_200, "8d"),
            (63_072_000, "2y"),
            (252_288_000, "8y"),
        ];
        for (seconds, shown) in cases {
            assert_eq!(human(Duration::from_secs(seconds)), shown);
        }
    }
}
