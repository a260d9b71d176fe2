//! The wire format: numbered values, one after the other.

/// A value as it is on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

/// Reads the fields of a message; `None` within is a message that is broken from there on.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    is_broken: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, is_broken: false }
    }

    fn field(&mut self) -> Option<(u32, Wire<'a>)> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok()?;
        let value = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().ok()?)),
            _ => return None,
        };
        Some((number, value))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Option<(u32, Wire<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_broken || self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        self.is_broken = field.is_none();
        Some(field)
    }
}

pub(super) fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Option<(u32, Wire<'_>)>> {
        Reader::new(bytes).collect()
    }

    #[test]
    fn values_are_read_with_their_numbers() {
        assert_eq!(read(&[0x08, 0x96, 0x01]), [Some((1, Wire::Varint(150)))]);
        assert_eq!(read(b"\x12\x02hi"), [Some((2, Wire::Bytes(b"hi")))]);
        assert_eq!(
            read(&[0x1d, 1, 0, 0, 0, 0x21, 2, 0, 0, 0, 0, 0, 0, 0]),
            [Some((3, Wire::Fixed32(1))), Some((4, Wire::Fixed64(2)))]
        );
    }

    #[test]
    fn what_is_broken_is_the_last() {
        for broken in [&[0x08][..], &[0x12, 5, b'h'], &[0x0b], &[0x08, 0xff, 0xff]] {
            assert_eq!(read(broken), [None], "{broken:?}");
        }
        let endless = [0xff; 11];
        assert_eq!(read(&endless), [None]);
    }
}
