//! A fuzzer's target: records from pieces of records, and from any bytes.
//!
//! Under `cargo test` a few thousand random inputs each; `BOLERO_RANDOM_ITERATIONS` asks for more,
//! and `cargo bolero test` runs an engine that learns.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::record::Record;
use crate::timestamp::Timestamp;

/// So many inputs for each target.
const INPUTS: usize = 5_000;

/// What records are made of, and what they are not.
const PIECES: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    " ",
    "\n",
    "\"owner\":",
    "\"OwNeR\":",
    "\"createdAt\":",
    "\"ttl\":",
    "\"TTL\":",
    "\"hold\":",
    "\"acquiredAt\":",
    "\"host\":",
    "\"pid\":",
    "\"reason\":",
    "\"x\":",
    "\"a\"",
    "\"é\\u003c\\n\"",
    "\"\\ud83d\\ude00\"",
    "\"",
    "\\",
    "0",
    "7",
    "300000000000",
    "-5",
    "1.5",
    "1e3",
    "9223372036854775808",
    "\"2020-03-25T10:00:00Z\"",
    "\"2020-03-25T10:00:00.123456789+01:30\"",
    "\"2020-13-25T10:00:00Z\"",
    "\"6f1c-0\"",
    "{\"y\":1}",
    "{\"owner\":\"a\",",
    "\u{2028}",
];

/// An object's fields in order, double ones included.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// What the Go package reads from these fields; `None` if it refuses one of them. Times are for
/// other tests to judge: it is told which texts are good ones.
fn expected(fields: &[(String, Value)], is_time: impl Fn(&str) -> bool) -> Option<(String, i64)> {
    let (mut owner, mut ttl) = (String::new(), 0);
    for (name, value) in fields {
        match (name.to_ascii_lowercase().as_str(), value) {
            ("owner" | "ttl" | "createdat", Value::Null) => {}
            ("owner", Value::String(text)) => owner.clone_from(text),
            ("ttl", Value::Number(number)) => ttl = number.as_i64()?,
            ("createdat", Value::String(text)) if is_time(text) => {}
            ("owner" | "ttl" | "createdat", _) => return None,
            _ => {}
        }
    }
    Some((owner, ttl))
}

fn is_time(text: &str) -> bool {
    text.starts_with("2020-03-25T10:00:00")
}

/// Whatever it is: it reads or is malformed, and what reads is written so that it reads the same.
fn check(text: &str) {
    let Ok(record) = Record::decode(text) else { return };
    let again = Record::decode(&record.encode());
    let is_writable = record.created_at >= Timestamp::FIRST_WRITABLE
        && record.created_at <= Timestamp::LAST_WRITABLE;
    if is_writable {
        assert_eq!(again.as_ref(), Ok(&record), "{text}");
    }
    assert!(again.is_ok(), "{text}");
}

/// What serde reads as an object, Go reads just as its fields say.
fn compare(text: &str) {
    let Ok(Fields(fields)) = serde_json::from_str(text) else { return };
    let read = Record::decode(text).ok().map(|record| (record.owner, record.ttl_nanos));
    assert_eq!(read, expected(&fields, is_time), "{text}");
}

#[test]
fn a_record_of_any_pieces_reads_as_serde_reads_it_or_is_malformed() {
    bolero::check!().with_iterations(INPUTS).with_type::<Vec<u8>>().for_each(|choices| {
        let pieces = choices.iter().map(|choice| PIECES[usize::from(*choice) % PIECES.len()]);
        let text: String = pieces.collect();
        check(&text);
        compare(&text);
        // Random pieces rarely begin and end well: the same as the fields of an object.
        let object = format!("{{{}}}", text.trim_end_matches(','));
        check(&object);
        compare(&object);
    });
}

#[test]
fn any_bytes_read_or_are_malformed() {
    bolero::check!()
        .with_iterations(INPUTS)
        .for_each(|bytes: &[u8]| check(&String::from_utf8_lossy(bytes)));
}

#[test]
fn fields_of_any_kind_in_any_order_read_as_serde_reads_them() {
    bolero::check!().with_iterations(INPUTS).with_type::<Vec<(u8, u8)>>().for_each(|choices| {
        let (names, values) = (&PIECES[10..21], [&PIECES[6..8], &PIECES[21..24], &PIECES[26..38]]);
        let values = values.concat();
        let fields: Vec<String> = choices
            .iter()
            .map(|(name, value)| {
                let name = names[usize::from(*name) % names.len()];
                format!("{name}{}", values[usize::from(*value) % values.len()])
            })
            .collect();
        let object = format!("{{{}}}", fields.join(","));
        check(&object);
        compare(&object);
    });
}
