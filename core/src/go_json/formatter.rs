//! Writing JSON as Go writes it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::float;
use super::text::{is_unsafe_in_web_pages, unicode_escape};

/// Writes JSON with the same bytes as Go's `encoding/json`, compact.
///
/// The API server compares the value of a JSON Patch `test` with its object
/// byte by byte, after its own encoder wrote that object. In any other spelling
/// (`<` for `\u003c`, `1.0` for `1`) an equal value never matches. The order of
/// members is the caller's.
///
/// Strings that JSON demands to be escaped are written alike by both sides;
/// what differs is `<`, `>`, `&`, U+2028 and U+2029, and floating-point numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct GoFormatter;

/// `value` as JSON, with the same bytes as Go's `encoding/json`.
///
/// # Errors
/// Those of `value`'s own `Serialize`, and maps whose keys are no strings.
///
/// # Examples
/// ```
/// let body = kubelock_core::go_json::to_vec(&["a<b", "é"])?;
/// assert_eq!(body, br#"["a\u003cb",""#.iter().chain("é\"]".as_bytes()).copied().collect::<Vec<_>>());
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut body = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut body, GoFormatter))?;
    Ok(body)
}

impl Formatter for GoFormatter {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_unsafe_in_web_pages) {
            let (plain, escaped) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut chars = escaped.chars();
            if let Some(char) = chars.next() {
                writer.write_all(unicode_escape(char).as_bytes())?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn write_f32<W>(&mut self, writer: &mut W, value: f32) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        writer.write_all(float::written(value).as_bytes())
    }

    fn write_f64<W>(&mut self, writer: &mut W, value: f64) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        writer.write_all(float::written(value).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go_json::push_quoted;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn written<T: Serialize + ?Sized>(value: &T) -> String {
        String::from_utf8(to_vec(value).unwrap()).unwrap()
    }

    #[test]
    fn keys_and_values_are_escaped_alike() {
        let map = BTreeMap::from([("a/<k>", "x&y"), ("é\u{2028}", "\x08\x0c\x7f🦀\"\\")]);

        let expected =
            "{\"a/\\u003ck\\u003e\":\"x\\u0026y\",\"é\\u2028\":\"\\b\\f\x7f🦀\\\"\\\\\"}";
        assert_eq!(written(&map), expected);
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        assert_eq!(written(&[1.0, 0.1, 1e-7]), "[1,0.1,1e-7]");
        assert_eq!(written(&1e21_f32), "1e+21");
        assert_eq!(written(&i64::MIN), "-9223372036854775808");
    }

    proptest! {
        #[test]
        fn the_formatter_and_the_record_escape_alike(text in any::<String>()) {
            let mut quoted = String::new();
            push_quoted(&mut quoted, &text);
            prop_assert_eq!(written(&text), quoted);
        }
    }
}
