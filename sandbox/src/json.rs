//! JSON as Go reads it into values without a type.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::go_text;

/// Integers beyond these are floating-point numbers.
const INTEGERS: std::ops::Range<f64> = -9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0;

/// What was read, and the fields that were there more than once: the last one counts.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) duplicates: Vec<String>,
}

/// Reads a body; fails in Go's words, as far as it matters.
pub(crate) fn read(body: &[u8]) -> Result<Document, String> {
    read_text(&go_text::valid(body))
}

/// The same of what is a text already.
pub(crate) fn read_text(text: &str) -> Result<Document, String> {
    let duplicates = RefCell::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Place { path: String::new(), duplicates: &duplicates }.deserialize(&mut reader);
    let value = value.and_then(|value| reader.end().map(|()| value)).map_err(|error| {
        if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() }
    })?;
    Ok(Document { value, duplicates: duplicates.into_inner() })
}

/// Where in the document something is read.
struct Place<'a> {
    path: String,
    duplicates: &'a RefCell<Vec<String>>,
}

impl Place<'_> {
    fn member(&self, name: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self { path: format!("{}{dot}{name}", self.path), duplicates: self.duplicates }
    }

    fn item(&self, at: usize) -> Self {
        Self { path: format!("{}[{at}]", self.path), duplicates: self.duplicates }
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "as Go does")]
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        match i64::try_from(value) {
            Ok(value) => Ok(Value::from(value)),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    /// What is written without a fraction is read as an integer the next time.
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within the range")]
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        if value.fract() == 0.0 && INTEGERS.contains(&value) {
            return Ok(Value::from(value as i64));
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(self.item(read.len()))? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let place = self.member(&name);
            if read.contains_key(&name) {
                let mut duplicates = self.duplicates.try_borrow_mut().map_err(A::Error::custom)?;
                duplicates.push(place.path.clone());
            }
            read.insert(name, members.next_value_seed(place)?);
        }
        Ok(Value::Object(read))
    }
}

/// What Go calls a value that it cannot take.
pub(crate) fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_kept_as_go_keeps_them() {
        let text = "[1.0, 1e3, 12345678901234567890, 0.1, -0, -0.0, 9223372036854775807]";
        let read = read(text.as_bytes()).unwrap().value;
        let float = 12_345_678_901_234_567_890_f64;
        assert_eq!(read, json!([1, 1000, float, 0.1, 0, 0, 9_223_372_036_854_775_807_i64]));
    }

    #[test]
    fn fields_that_are_there_twice_are_told_and_the_last_one_counts() {
        let read = read(br#"{"a":{"b":1,"b":2},"c":[{"d":1,"d":1}],"a":{"e":1}}"#).unwrap();
        assert_eq!(read.value, json!({ "a": { "e": 1 }, "c": [{ "d": 1 }] }));
        assert_eq!(read.duplicates, ["a.b", "c[0].d", "a"]);
    }

    #[test]
    fn what_ends_too_early_is_told_in_gos_words() {
        assert_eq!(read(b"{").unwrap_err(), "unexpected end of JSON input");
        assert!(read(b"{} x").is_err() && read(b"1e999").is_err());
    }
}
