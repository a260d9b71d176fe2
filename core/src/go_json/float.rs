//! How Go writes floating-point numbers into JSON.

use std::fmt::LowerExp;
use std::str::FromStr;

/// The number as Go writes it: plain where it reads well, else with an exponent.
pub(super) fn written<T: LowerExp + FromStr + PartialEq + Copy>(value: T) -> String {
    let scientific = shortest(value);
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse() {
        Ok(exponent @ -6..=20) => plain(mantissa, exponent),
        Ok(21..) => format!("{mantissa}e+{exponent}"),
        _ => scientific,
    }
}

/// The fewest digits that read back the same. Where two such numbers are
/// equally near, Go takes the even one and Rust the greater one. (An `f32` of
/// ±2^-12 is the one number known to differ still, in its last digit.)
fn shortest<T: LowerExp + FromStr + PartialEq + Copy>(value: T) -> String {
    let shortest = format!("{value:e}");
    let mantissa = shortest.split('e').next().unwrap_or_default();
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let even = format!("{value:.decimals$e}");
    if even.parse::<T>().is_ok_and(|read| read == value) { even } else { shortest }
}

/// `mantissa` × 10 ^ `exponent`, written out.
fn plain(mantissa: &str, exponent: i32) -> String {
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    let Ok(whole) = usize::try_from(exponent + 1) else {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    };
    match digits.split_at_checked(whole) {
        Some(("", fraction)) => format!("{sign}0.{fraction}"),
        Some((_, "")) => format!("{sign}{digits}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{digits:0<whole$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_between_a_millionth_and_a_trillion_billions() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-0.1, "-0.1"),
            (12.5, "12.5"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.5e-10, "1.5e-10"),
            (1.25e20, "125000000000000000000"),
            (1e21, "1e+21"),
            (-1.25e300, "-1.25e+300"),
        ];
        for (value, expected) in cases {
            assert_eq!(written(value), expected);
        }
    }

    #[test]
    fn of_two_equally_near_numbers_the_even_one_is_written() {
        assert_eq!(written(1_467_663.0_f32 + 0.25), "1467663.2");
        assert_eq!(written(1_672_418_001_929_661.0_f64 + 0.25), "1672418001929661.2");
    }
}
