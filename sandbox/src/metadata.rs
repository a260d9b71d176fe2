//! What all objects have.

use serde_json::{Map, Value, json};

/// The metadata, made where there is none.
pub(crate) fn metadata_mut(object: &mut Value) -> &mut Map<String, Value> {
    members_mut(member_mut(object, "metadata"))
}

/// The value as an object, made one if it is none.
pub(crate) fn members_mut(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    match value {
        Value::Object(members) => members,
        _ => unreachable!("it is an object by now"),
    }
}

/// A member, null where there was none.
fn member_mut<'a>(object: &'a mut Value, name: &str) -> &'a mut Value {
    members_mut(object).entry(name).or_insert(Value::Null)
}

/// A text of the metadata, empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, "name")
}

pub(crate) fn uid(object: &Value) -> &str {
    text(object, "uid")
}

/// Whether it waits for its finalizers.
pub(crate) fn is_being_deleted(object: &Value) -> bool {
    !text(object, "deletionTimestamp").is_empty()
}

pub(crate) fn finalizers(object: &Value) -> Vec<&str> {
    let finalizers = object["metadata"]["finalizers"].as_array();
    finalizers.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The number of the version, 0 where there is none.
pub(crate) fn version(object: &Value) -> u64 {
    text(object, "resourceVersion").parse().unwrap_or_default()
}

pub(crate) fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap_or_default()
}

/// Sets a field, or drops it.
pub(crate) fn set(object: &mut Value, field: &str, value: Option<Value>) {
    let metadata = metadata_mut(object);
    match value {
        Some(value) => metadata.insert(field.to_owned(), value),
        None => metadata.remove(field),
    };
}
