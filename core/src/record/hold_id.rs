//! The id of one hold.

use std::fmt;

use thiserror::Error;

/// Tells one hold from every other, of the same owner too.
///
/// # Shape
/// 1 to 64 characters of `a` to `z`, `0` to `9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldId {
    text: String,
}

impl HoldId {
    const MAX: usize = 64;

    /// The id written so.
    ///
    /// # Errors
    /// [`InvalidHoldId`] for any other shape.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidHoldId> {
        let text = text.into();
        let fits = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(is_allowed);
        if fits { Ok(Self { text }) } else { Err(InvalidHoldId) }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn is_allowed(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// A text that is no hold id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a hold id is 1 to {max} characters of a-z, 0-9 and -", max = HoldId::MAX)]
pub struct InvalidHoldId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_id_is_short_and_plain() {
        let longest = "a".repeat(64);
        for text in ["a", "0", "-", "6f1c-09", longest.as_str()] {
            assert_eq!(HoldId::new(text).unwrap().to_string(), text);
        }
        let too_long = "a".repeat(65);
        for text in ["", "A", "a b", "é", "a\"", too_long.as_str()] {
            assert_eq!(HoldId::new(text), Err(InvalidHoldId), "{text:?}");
        }
    }
}
