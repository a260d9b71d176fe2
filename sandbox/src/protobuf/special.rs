//! Messages that JSON spells in ways of their own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::wire::{Reader, Wire, text};

/// `None` of what is none of them; `Some(None)` of one that cannot be read.
pub(super) fn read(of: &str, bytes: &[u8]) -> Option<Option<Value>> {
    let value = match of {
        "bytes" => Some(json!(STANDARD.encode(bytes))),
        "items" => items(bytes),
        "time" => time(bytes, 0),
        "microtime" => time(bytes, 6),
        "raw" => raw(bytes),
        "quantity" => first_text(bytes),
        "intorstring" => int_or_string(bytes),
        _ => return None,
    };
    Some(value)
}

/// A list of texts in a message of its own.
fn items(bytes: &[u8]) -> Option<Value> {
    let item = |entry: Option<(u32, Wire)>| match entry? {
        (1, Wire::Bytes(bytes)) => Some(json!(text(bytes)?)),
        _ => None,
    };
    Reader::new(bytes).map(item).collect::<Option<Vec<_>>>().map(Value::Array)
}

/// No time at all is an empty message.
fn time(bytes: &[u8], digits: usize) -> Option<Value> {
    if bytes.is_empty() {
        return Some(Value::Null);
    }
    let (mut seconds, mut nanos) = (0, 0);
    for entry in Reader::new(bytes) {
        match entry? {
            (1, Wire::Varint(number)) => seconds = number.cast_signed(),
            (2, Wire::Varint(number)) => nanos = i32::try_from(number.cast_signed()).ok()?,
            _ => {}
        }
    }
    let time = Timestamp::new(seconds, nanos).ok()?;
    let text = if digits == 0 { format!("{time:.0}") } else { format!("{time:.6}") };
    Some(json!(text))
}

/// JSON within.
fn raw(bytes: &[u8]) -> Option<Value> {
    let Some(entry) = Reader::new(bytes).next() else { return Some(Value::Null) };
    match entry? {
        (1, Wire::Bytes([])) => Some(Value::Null),
        (1, Wire::Bytes(json)) => serde_json::from_slice(json).ok(),
        _ => None,
    }
}

fn first_text(bytes: &[u8]) -> Option<Value> {
    let Some(entry) = Reader::new(bytes).next() else { return Some(json!("0")) };
    match entry? {
        (1, Wire::Bytes(bytes)) => Some(json!(text(bytes)?)),
        _ => None,
    }
}

fn int_or_string(bytes: &[u8]) -> Option<Value> {
    let (mut is_text, mut number, mut word) = (false, 0, String::new());
    for entry in Reader::new(bytes) {
        match entry? {
            (1, Wire::Varint(kind)) => is_text = kind == 1,
            (2, Wire::Varint(told)) => number = told.cast_signed(),
            (3, Wire::Bytes(told)) => word = text(told)?,
            _ => {}
        }
    }
    Some(if is_text { json!(word) } else { json!(number) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_json(of: &str, bytes: &[u8]) -> Value {
        read(of, bytes).unwrap().unwrap()
    }

    #[test]
    fn times_are_written_as_the_api_does() {
        assert_eq!(read_json("time", &[0x08, 0x00]), "1970-01-01T00:00:00Z");
        assert_eq!(
            read_json("microtime", &[0x08, 1, 0x10, 0xd0, 0x0f]),
            "1970-01-01T00:00:01.000002Z"
        );
        assert_eq!(read_json("time", &[]), Value::Null);
    }

    #[test]
    fn texts_numbers_and_json_keep_their_own_spelling() {
        assert_eq!(read_json("quantity", b"\x0a\x031Gi"), "1Gi");
        assert_eq!(read_json("intorstring", b"\x08\x01\x10\x00\x1a\x0380%"), "80%");
        assert_eq!(read_json("intorstring", &[0x08, 0, 0x10, 80]), 80);
        assert_eq!(read_json("items", b"\x0a\x01a\x0a\x01b"), json!(["a", "b"]));
        assert_eq!(read_json("raw", b"\x0a\x07{\"a\":1}"), json!({ "a": 1 }));
        assert_eq!(read_json("bytes", b"hi"), "aGk=");
    }
}
