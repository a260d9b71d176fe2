//! Merge patches, RFC 7386.

use serde_json::{Map, Value};

/// The document with a patch merged in.
pub(crate) fn merge_patch(document: &Value, patch: Map<String, Value>) -> Value {
    let mut merged = document.clone();
    merge(&mut merged, patch);
    merged
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

    fn merged(document: &Value, patch: &Value) -> Value {
        merge_patch(document, patch.as_object().unwrap().clone())
    }

    #[test]
    fn members_are_merged_and_nulls_remove() {
        let document = json!({ "a": { "b": 1, "c": 2 }, "d": [1] });
        let patch = json!({ "a": { "b": null, "e": 3 }, "d": [2, null], "f": { "g": null } });
        let expected = json!({ "a": { "c": 2, "e": 3 }, "d": [2, null], "f": {} });
        assert_eq!(merged(&document, &patch), expected);
    }

    #[test]
    fn an_object_takes_the_place_of_what_is_none() {
        let patch = json!({ "a": { "b": 1, "c": null } });
        assert_eq!(merged(&json!({ "a": "x" }), &patch), json!({ "a": { "b": 1 } }));
    }
}
