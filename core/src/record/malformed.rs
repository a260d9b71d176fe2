//! Why a record could not be read.

use thiserror::Error;

use crate::go_json::Fault;

/// A value that is no record: Go rejects it too.
///
/// It holds a short excerpt of the value, escaped: whoever may write
/// annotations chose that text, and it ends up in terminals and logs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
#[error("malformed record: {reason}, at byte {offset}, near `{excerpt}`")]
pub struct Malformed {
    reason: &'static str,
    offset: usize,
    excerpt: String,
}

impl Malformed {
    const BYTES_BEFORE: usize = 24;
    const CHARS_SHOWN: usize = 48;

    pub(super) fn new(text: &str, fault: &Fault) -> Self {
        Self { reason: fault.reason, offset: fault.offset, excerpt: excerpt(text, fault.offset) }
    }

    /// Why, in a few words.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// Where in the value, in bytes from its start.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

fn excerpt(text: &str, offset: usize) -> String {
    let start = text.floor_char_boundary(offset.saturating_sub(Malformed::BYTES_BEFORE));
    let tail = text.get(start..).unwrap_or_default();
    let shown: String = tail.chars().take(Malformed::CHARS_SHOWN).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if shown.len() < tail.len() { "…" } else { "" };
    format!("{before}{}{after}", shown.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn malformed(text: &str, offset: usize) -> String {
        Malformed::new(text, &Fault { offset, reason: "a colon is missing" }).to_string()
    }

    #[test]
    fn a_short_value_is_shown_whole() {
        let expected = "malformed record: a colon is missing, at byte 4, near `{\\\"a\\\"}`";
        assert_eq!(malformed("{\"a\"}", 4), expected);
    }

    #[test]
    fn of_a_long_value_only_the_neighbourhood_is_shown() {
        let shown = malformed(&"é".repeat(100_000), 100_001);

        assert!(shown.contains("near `…é"), "{shown}");
        assert!(shown.ends_with("é…`"), "{shown}");
        assert!(shown.chars().count() < 160, "{shown}");
    }

    #[test]
    fn what_could_steer_a_terminal_is_escaped() {
        let shown = malformed("{\x1b[2J\r\n\u{202e}\u{7f}", 1);

        assert!(shown.chars().all(|char| !char.is_control() && char != '\u{202e}'), "{shown}");
    }
}
