//! How Go reads a time from JSON.

use crate::timestamp::{Civil, NANOS_PER_SECOND, Timestamp, days_in_month};

/// The instant that Go reads from the `raw` text between two quotes.
///
/// Near to RFC 3339, and looser in four ways, since Go parses by a template
/// and has its stricter checks switched off: an hour may have one digit, the
/// fraction may follow a comma, digits of the fraction beyond the ninth are
/// dropped, and an offset may reach 24 hours and 60 minutes. Escapes are not
/// resolved: `\u005a` is no `Z`.
pub(crate) fn read_time(raw: &str) -> Option<Timestamp> {
    let mut text = TimeText { rest: raw.as_bytes() };
    let year = text.two_digits()? * 100 + text.two_digits()?;
    let month = text.field(b'-', 1, 12)?;
    let day = text.field(b'-', 1, days_in_month(year, month))?;
    text.expect(b'T')?;
    let hour = text.one_or_two_digits().filter(|hour| *hour < 24)?;
    let minute = text.field(b':', 0, 59)?;
    let second = text.field(b':', 0, 59)?;
    let nanos = text.fraction();
    let offset_seconds = text.offset_seconds()?;
    if !text.rest.is_empty() {
        return None;
    }
    let second = (hour * 60 + minute) * 60 + second;
    let local = Civil { year, month, day, second, nanos };
    let unix_nanos = local.unix_nanos() - offset_seconds * NANOS_PER_SECOND;
    Some(Timestamp::from_unix_nanos(unix_nanos))
}

/// What is left to read of a time.
struct TimeText<'a> {
    rest: &'a [u8],
}

impl TimeText<'_> {
    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        if !wanted(first) {
            return None;
        }
        self.rest = rest;
        Some(first)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(|found| found == byte).map(|_| ())
    }

    fn digit(&mut self) -> Option<i128> {
        self.take(|byte| byte.is_ascii_digit()).map(|byte| i128::from(byte - b'0'))
    }

    fn two_digits(&mut self) -> Option<i128> {
        Some(self.digit()? * 10 + self.digit()?)
    }

    fn one_or_two_digits(&mut self) -> Option<i128> {
        let first = self.digit()?;
        Some(self.digit().map_or(first, |second| first * 10 + second))
    }

    fn field(&mut self, separator: u8, least: i128, most: i128) -> Option<i128> {
        self.expect(separator)?;
        self.two_digits().filter(|value| (least..=most).contains(value))
    }

    /// Nanoseconds; a separator without a digit is left for the offset to trip over.
    fn fraction(&mut self) -> i128 {
        let [b'.' | b',', b'0'..=b'9', ..] = self.rest else {
            return 0;
        };
        self.rest = self.rest.get(1..).unwrap_or_default();
        let mut nanos = 0;
        let mut unit = NANOS_PER_SECOND / 10;
        while let Some(digit) = self.digit() {
            nanos += digit * unit;
            unit /= 10;
        }
        nanos
    }

    fn offset_seconds(&mut self) -> Option<i128> {
        let sign = match self.take(|byte| matches!(byte, b'Z' | b'+' | b'-'))? {
            b'Z' => return Some(0),
            b'+' => 1,
            _ => -1,
        };
        let hours = self.two_digits().filter(|hours| *hours <= 24)?;
        let minutes = self.field(b':', 0, 60)?;
        Some(sign * (hours * 60 + minutes) * 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn assert_reads(raw: &str, shown: &str) {
        assert_eq!(read_time(raw).map(|time| time.to_string()).as_deref(), Some(shown), "{raw}");
    }

    #[test]
    fn an_offset_is_taken_off() {
        assert_reads("2020-03-25T10:00:00+02:30", "2020-03-25T07:30:00Z");
        assert_reads("2020-03-25T10:00:00-00:00", "2020-03-25T10:00:00Z");
    }

    #[test]
    fn go_reads_more_than_rfc_3339() {
        assert_reads("2020-03-25T1:00:00Z", "2020-03-25T01:00:00Z");
        assert_reads("2020-03-25T10:00:00,5Z", "2020-03-25T10:00:00.5Z");
        assert_reads("2020-03-25T10:00:00.1234567899Z", "2020-03-25T10:00:00.123456789Z");
        assert_reads("2020-03-25T10:00:00+24:60", "2020-03-24T09:00:00Z");
    }

    #[test]
    fn an_offset_may_lead_out_of_the_years_with_four_digits() {
        assert_reads("0000-01-01T00:00:00+00:01", "-0001-12-31T23:59:00Z");
        assert_reads("9999-12-31T23:59:59-24:60", "10000-01-02T00:59:59Z");
    }

    #[test]
    fn only_leap_years_have_a_february_29th() {
        for year in ["0000", "2000", "2024"] {
            assert!(read_time(&format!("{year}-02-29T00:00:00Z")).is_some(), "{year}");
        }
        for year in ["0001", "1900", "2023"] {
            assert!(read_time(&format!("{year}-02-29T00:00:00Z")).is_none(), "{year}");
        }
    }

    #[test]
    fn go_refuses_the_rest() {
        let refused = [
            "",
            "2020-03-25",
            "2020-03-25T10:00:00",
            "2020-03-25t10:00:00Z",
            "2020-03-25T10:00:00z",
            "2020-03-25 10:00:00Z",
            "2020-03-25T24:00:00Z",
            "2020-03-25T23:59:60Z",
            "2020-3-25T10:00:00Z",
            "2020-03-25T10:0:00Z",
            "2020-00-25T10:00:00Z",
            "2020-13-25T10:00:00Z",
            "2020-04-31T10:00:00Z",
            "2020-04-00T10:00:00Z",
            "2020-03-25T10:00:00.Z",
            "2020-03-25T10:00:00+25:00",
            "2020-03-25T10:00:00+00:61",
            "2020-03-25T10:00:00+0000",
            "2020-03-25T10:00:00+00",
            "2020-03-25T10:00:00ZZ",
            "02020-03-25T10:00:00Z",
            "+020-03-25T10:00:00Z",
            "-001-03-25T10:00:00Z",
            "2020-03-25T10:00:00\u{2212}01:00",
            r"2020-03-25T10:00:00\u005a",
        ];
        for raw in refused {
            assert_eq!(read_time(raw), None, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_the_same(seconds in -62_167_219_200_i64..253_402_300_800, nanos in 0..1_000_000_000_i64) {
            let time = Timestamp::from_unix_nanos(i128::from(seconds) * NANOS_PER_SECOND + i128::from(nanos));
            prop_assert_eq!(read_time(&time.to_string()), Some(time));
        }

        #[test]
        fn no_text_makes_it_panic(raw in r"([0-9]{1,5}|[-T:.,Z+]|\PC)*") {
            let _ = read_time(&raw);
        }
    }
}
