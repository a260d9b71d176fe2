//! Spans of time as Go writes them: `1m30s`.

const UNITS: [&str; 7] = ["ns", "us", "µs", "ms", "s", "m", "h"];

/// Whether a text is one: numbers with their units, or a bare zero.
pub(crate) fn is_valid(text: &str) -> bool {
    let mut rest = text.trim_start_matches(['+', '-']);
    if rest == "0" {
        return true;
    }
    while !rest.is_empty() {
        let unit = rest.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
        let lengths = UNITS.iter().filter(|of| unit.starts_with(**of)).map(|of| of.len());
        match lengths.max() {
            Some(length) if unit.len() < rest.len() => rest = &unit[length..],
            _ => return false,
        }
    }
    !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_needs_its_unit() {
        for text in ["0", "10s", "1m30s", "1.5h", "-2ms", "3µs"] {
            assert!(is_valid(text), "{text}");
        }
        for text in ["", "x", "10", "s", "1m30", "1 s"] {
            assert!(!is_valid(text), "{text}");
        }
    }
}
