//! Merge patches, RFC 7386.

use serde_json::{Map, Value};

use super::Failure;

/// The document with a patch merged in.
pub(crate) fn merge_patch(document: &Value, patch: &str) -> Result<Value, Failure> {
    let bad = || Failure::Undecodable("Invalid JSON Patch".to_owned());
    match serde_json::from_str(patch).map_err(|_| bad())? {
        Value::Object(patch) => {
            let mut merged = document.clone();
            merge(&mut merged, patch);
            Ok(merged)
        }
        // The real server takes it, and then does not find an object in it.
        Value::Array(items) => Ok(Value::Array(items)),
        _ => Err(bad()),
    }
}

fn merge(document: &mut Value, patch: Map<String, Value>) {
    let Value::Object(members) = document else {
        *document = without_nulls(Value::Object(patch));
        return;
    };
    for (name, value) in patch {
        match value {
            Value::Null => {
                members.remove(&name);
            }
            Value::Object(patch) => match members.get_mut(&name) {
                Some(member) if !member.is_null() => merge(member, patch),
                _ => {
                    members.insert(name, without_nulls(Value::Object(patch)));
                }
            },
            // What is in a list stays, if it takes the place of something.
            other if members.get(&name).is_some_and(|member| !member.is_null()) => {
                members.insert(name, other);
            }
            other => {
                members.insert(name, without_nulls(other));
            }
        }
    }
}

/// Nulls in objects are left out, at any depth; in lists they are items.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let told = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(told.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_merged_and_nulls_remove() {
        let document = json!({ "a": { "b": 1, "c": 2 }, "d": [1] });
        let patch = json!({ "a": { "b": null, "e": 3 }, "d": [2, null], "f": { "g": null } });
        let merged = merge_patch(&document, &patch.to_string()).unwrap();
        assert_eq!(merged, json!({ "a": { "c": 2, "e": 3 }, "d": [2, null], "f": {} }));
    }

    #[test]
    fn an_object_takes_the_place_of_what_is_none() {
        let merged = merge_patch(&json!({ "a": "x" }), r#"{"a":{"b":1,"c":null}}"#).unwrap();
        assert_eq!(merged, json!({ "a": { "b": 1 } }));
    }

    #[test]
    fn what_is_no_object_is_no_patch() {
        for patch in ["1", "null", "{", "\"a\""] {
            assert!(merge_patch(&json!({}), patch).is_err(), "{patch}");
        }
    }
}
