//! UIDs and the ends of generated names: unlike each other, and the same in every run.

use std::fmt::Write as _;

/// What generated names end with: letters and digits that make no words.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH: usize = 5;

/// A source of what looks random: `SplitMix64` over a counter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Uids {
    state: u64,
}

impl Uids {
    /// The next UID, a UUID of version 4.
    pub(crate) fn next_uid(&mut self) -> String {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        let version = (bits & !(0xf << 76)) | (0x4 << 76);
        let variant = (version & !(0x3 << 62)) | (0x2 << 62);
        let digits = format!("{variant:032x}");
        let mut uid = String::with_capacity(36);
        for (at, digit) in digits.chars().enumerate() {
            if matches!(at, 8 | 12 | 16 | 20) {
                uid.push('-');
            }
            // Writing to a string does not fail.
            let _ = uid.write_char(digit);
        }
        uid
    }

    /// What completes a `generateName`.
    pub(crate) fn next_suffix(&mut self) -> String {
        let mut bits = self.next();
        let letter = |_| {
            let at = usize::try_from(bits % 27).unwrap_or_default();
            bits /= 27;
            char::from(ALPHABET[at])
        };
        (0..SUFFIX_LENGTH).map(letter).collect()
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_differ_and_are_version_four() {
        let mut uids = Uids::default();
        let (first, second) = (uids.next_uid(), uids.next_uid());
        assert_ne!(first, second);
        for uid in [&first, &second] {
            let parts: Vec<usize> = uid.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12]);
            assert_eq!(uid.as_bytes()[14], b'4');
            assert!(b"89ab".contains(&uid.as_bytes()[19]), "{uid}");
        }
        assert_eq!(Uids::default().next_uid(), first);
    }

    #[test]
    fn suffixes_have_five_letters_of_the_alphabet() {
        let mut uids = Uids::default();
        let suffix = uids.next_suffix();
        assert_eq!(suffix.len(), SUFFIX_LENGTH);
        assert!(suffix.bytes().all(|letter| ALPHABET.contains(&letter)), "{suffix}");
        assert_ne!(uids.next_suffix(), suffix);
    }
}
