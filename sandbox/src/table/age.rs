//! How long ago, as `k8s.io/apimachinery/pkg/util/duration` writes it.

use std::time::SystemTime;

use jiff::Timestamp;
use serde_json::Value;

const UNKNOWN: &str = "<unknown>";

/// Since a time that an object tells.
pub(super) fn since(time: &Value, now: SystemTime) -> String {
    let time = time.as_str().and_then(parsed);
    time.map_or_else(|| UNKNOWN.to_owned(), |time| human(seconds(now) - time.as_second()))
}

/// Between two of them.
pub(super) fn between(from: &Value, to: &Value) -> Option<String> {
    let (from, to) = (parsed(from.as_str()?)?, parsed(to.as_str()?)?);
    Some(human(to.as_second() - from.as_second()))
}

pub(super) fn parsed(time: &str) -> Option<Timestamp> {
    time.parse().ok()
}

fn seconds(time: SystemTime) -> i64 {
    Timestamp::try_from(time).map_or(0, Timestamp::as_second)
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

fn human(seconds: i64) -> String {
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(seconds, (MINUTE, 'm'), (1, 's')),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(seconds, (HOUR, 'h'), (MINUTE, 'm')),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(seconds, (DAY, 'd'), (HOUR, 'h')),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => two(seconds, (YEAR, 'y'), (DAY, 'd')),
        _ => format!("{}y", seconds / YEAR),
    }
}

/// The smaller unit is left out where there is none of it.
fn two(seconds: i64, large: (i64, char), small: (i64, char)) -> String {
    let rest = seconds % large.0 / small.0;
    let more = if rest == 0 { String::new() } else { format!("{rest}{}", small.1) };
    format!("{}{}{more}", seconds / large.0, large.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_two_units_while_the_smaller_one_says_something() {
        let ages = [
            (-5, "<invalid>"),
            (-1, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (22_560, "6h16m"),
            (28_800, "8h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (180_000, "2d2h"),
            (691_200, "8d"),
            (63_071_999, "729d"),
            (63_072_000, "2y"),
            (63_158_400, "2y1d"),
            (252_288_000, "8y"),
        ];
        for (seconds, age) in ages {
            assert_eq!(human(seconds), age, "{seconds}");
        }
    }

    #[test]
    fn what_has_no_time_has_an_unknown_age() {
        assert_eq!(since(&Value::Null, SystemTime::UNIX_EPOCH), "<unknown>");
        assert_eq!(since(&"soon".into(), SystemTime::UNIX_EPOCH), "<unknown>");
        assert_eq!(since(&"1969-12-31T23:59:00Z".into(), SystemTime::UNIX_EPOCH), "60s");
    }
}
