//! Durations as Go and kubectl write them: `30s`, `5m`, `1h30m`, `1.5s`.

use std::time::Duration;

/// Longest first where one is the beginning of another.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
const EXAMPLES: &str = "a duration reads like 30s, 5m, 1h30m or 1.5s";

/// What to say of `-5s`.
pub(crate) const NEGATIVE: &str = "a duration cannot be negative";

/// Reads a duration; `0` needs no unit.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    if text.is_empty() {
        return Err(format!("it is empty; {EXAMPLES}"));
    }
    if text.starts_with('-') {
        return Err(NEGATIVE.to_owned());
    }
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let nanos = parts(text)?;
    // The record holds nanoseconds in a signed number of 64 bits.
    match i64::try_from(nanos).ok().and_then(|nanos| u64::try_from(nanos).ok()) {
        Some(nanos) => Ok(Duration::from_nanos(nanos)),
        None => Err("it is too long: 292 years (2562047h) is the most".to_owned()),
    }
}

fn parts(text: &str) -> Result<u128, String> {
    let mut rest = text;
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let (nanos, behind) = part(rest)?;
        total = total.saturating_add(nanos);
        rest = behind;
    }
    Ok(total)
}

/// One number with its unit, and what follows it.
fn part(text: &str) -> Result<(u128, &str), String> {
    let digits_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, behind) = text.split_at(digits_end);
    if number.is_empty() {
        return Err(EXAMPLES.to_owned());
    }
    let unit_end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
    let (unit, rest) = behind.split_at(unit_end);
    match UNITS.iter().find(|(name, _)| *name == unit) {
        Some((_, scale)) => scaled(number, *scale).map(|nanos| (nanos, rest)),
        None if unit.is_empty() => Err(format!("the unit is missing behind {number}; {EXAMPLES}")),
        None => Err(format!("the unit {unit:?} is unknown; {EXAMPLES}")),
    }
}

fn scaled(number: &str, scale: u128) -> Result<u128, String> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return Err(format!("{number:?} is no number; {EXAMPLES}"));
    }
    // What has more digits than this is too long anyway.
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u128>().unwrap_or(u128::MAX) };
    Ok(whole.saturating_mul(scale).saturating_add(fraction_of(fraction, scale)))
}

/// Digits beyond the nanosecond are cut.
fn fraction_of(digits: &str, scale: u128) -> u128 {
    let step = |(sum, unit): (u128, u128), digit: u8| {
        (sum + u128::from(digit - b'0') * unit / 10, unit / 10)
    };
    digits.bytes().take(15).fold((0, scale), step).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_go_reads_them() {
        let cases = [
            ("0", 0),
            ("0s", 0),
            ("30s", 30_000_000_000),
            ("5m", 300_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1.5s", 1_500_000_000),
            (".5m", 30_000_000_000),
            ("1.h", 3_600_000_000_000),
            ("1m0.25s", 60_250_000_000),
            ("100ms", 100_000_000),
            ("1µs", 1_000),
            ("7ns", 7),
            ("1.0000000019s", 1_000_000_001),
        ];
        for (text, nanos) in cases {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_the_reason() {
        let cases = [
            ("", "it is empty"),
            ("-1s", "cannot be negative"),
            ("99999999h", "too long"),
            ("99999999999999999999999999999999999999999h", "too long"),
            ("5", "the unit is missing behind 5"),
            ("1h5", "the unit is missing behind 5"),
            ("5d", "the unit \"d\" is unknown"),
            ("s", "a duration reads like"),
            ("1..5s", "is no number"),
            (".s", "is no number"),
            ("1 s", "the unit \" s\" is unknown"),
        ];
        for (text, reason) in cases {
            let error = parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
