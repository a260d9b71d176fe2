//! From a message to the object that it stands for.

use serde_json::{Map, Value, json};

use super::fields::{Field, Fields, Message};
use super::special;
use super::wire::{Reader, Wire, text};

/// Deeper than any kind of Kubernetes.
const DEPTH: usize = 64;

pub(super) fn read(
    fields: &Fields,
    message: &Message,
    bytes: &[u8],
    depth: usize,
) -> Option<Map<String, Value>> {
    if depth > DEPTH {
        return None;
    }
    let mut object = Map::new();
    for entry in Reader::new(bytes) {
        let (number, wire) = entry?;
        // A newer client may know more fields.
        let Some(field) = message.get(&number) else { continue };
        if field.is_map {
            let (key, value) = map_entry(fields, field, wire, depth)?;
            inner_object(&mut object, field.name)?.insert(key, value);
            continue;
        }
        let value = value(fields, field, wire, depth)?;
        add(&mut object, field, value)?;
    }
    Some(object)
}

fn add(object: &mut Map<String, Value>, field: &Field, value: Value) -> Option<()> {
    if field.is_repeated {
        let list = object.entry(field.name).or_insert_with(|| json!([]));
        list.as_array_mut()?.push(value);
    } else if field.name == "-" {
        object.extend(value.as_object().cloned()?);
    } else if field.keeps_zero || !is_zero(&value) {
        object.insert(field.name.to_owned(), value);
    }
    Some(())
}

fn inner_object<'a>(
    object: &'a mut Map<String, Value>,
    name: &str,
) -> Option<&'a mut Map<String, Value>> {
    object.entry(name).or_insert_with(|| json!({})).as_object_mut()
}

/// Go writes zero values, and its JSON leaves them out.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// A key and a value, each as a field of a message.
fn map_entry(fields: &Fields, field: &Field, wire: Wire, depth: usize) -> Option<(String, Value)> {
    let Wire::Bytes(bytes) = wire else { return None };
    let (mut key, mut value) = (String::new(), None);
    for entry in Reader::new(bytes) {
        match entry? {
            (1, Wire::Bytes(bytes)) => key = text(bytes)?,
            (2, wire) => value = Some(self::value(fields, field, wire, depth)?),
            _ => {}
        }
    }
    let absent = if matches!(field.of, "string" | "bytes") { json!("") } else { Value::Null };
    Some((key, value.unwrap_or(absent)))
}

fn value(fields: &Fields, field: &Field, wire: Wire, depth: usize) -> Option<Value> {
    match (field.of, wire) {
        ("int", Wire::Varint(number)) => Some(json!(number.cast_signed())),
        ("bool", Wire::Varint(number)) => Some(json!(number != 0)),
        ("string", Wire::Bytes(bytes)) => Some(json!(text(bytes)?)),
        (of, Wire::Bytes(bytes)) => match special::read(of, bytes) {
            Some(value) => value,
            None => {
                let message = fields.message(of)?;
                read(fields, message, bytes, depth + 1).map(Value::Object)
            }
        },
        _ => None,
    }
}
