//! Patches as the API server applies them.

use std::collections::BTreeMap;

use json_patch::PatchOperation;
use serde_json::Value;
use serde_json::value::RawValue;

use super::status::Status;

/// The object with a JSON Patch applied.
pub(super) fn json_patch(object: &Value, body: &[u8]) -> Result<Value, Status> {
    let operations: Vec<&RawValue> = serde_json::from_slice(body).map_err(malformed)?;
    let mut patched = object.clone();
    for operation in operations {
        apply(&mut patched, operation.get())?;
    }
    Ok(patched)
}

/// The object with a merge patch applied.
pub(super) fn merge_patch(object: &Value, body: &[u8]) -> Result<Value, Status> {
    let patch = serde_json::from_slice(body).map_err(malformed)?;
    let mut patched = object.clone();
    json_patch::merge(&mut patched, &patch);
    Ok(patched)
}

fn apply(object: &mut Value, operation: &str) -> Result<(), Status> {
    let parsed = serde_json::from_str(operation).map_err(malformed)?;
    let applied = match &parsed {
        PatchOperation::Test(test) => {
            let spelt: BTreeMap<&str, &RawValue> =
                serde_json::from_str(operation).map_err(malformed)?;
            let spelt = spelt.get("value").map_or("null", |value| value.get());
            holds(object, test.path.as_str(), &test.value, spelt).then_some(())
        }
        other => json_patch::patch(object, std::slice::from_ref(other)).ok(),
    };
    applied.ok_or_else(Status::patch_failed)
}

/// Beyond RFC 6902, what is missing counts as null, if only it could be there; and strings are
/// compared as they are spelt, with the server's own spelling.
fn holds(object: &Value, path: &str, expected: &Value, spelt: &str) -> bool {
    match object.pointer(path) {
        Some(Value::String(found)) => spelling(found) == spelt,
        Some(found) => found == expected,
        None => expected.is_null() && has_parent(object, path),
    }
}

fn has_parent(object: &Value, path: &str) -> bool {
    let parent = path.rsplit_once('/').and_then(|(parent, _)| object.pointer(parent));
    parent.is_some_and(Value::is_object)
}

/// JSON as Go writes it: harmless in HTML and in JavaScript.
fn spelling(text: &str) -> String {
    let mut spelt = Value::from(text).to_string();
    for odd in ['<', '>', '&', '\u{2028}', '\u{2029}'] {
        spelt = spelt.replace(odd, &format!("\\u{:04x}", u32::from(odd)));
    }
    spelt
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn malformed(error: serde_json::Error) -> Status {
    Status::bad_request(format!("error decoding patch: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(object: &Value, patch: &Value) -> Option<Value> {
        json_patch(object, patch.to_string().as_bytes()).ok()
    }

    #[test]
    fn what_is_missing_tests_as_null_only_where_its_parent_is_there() {
        let object = json!({ "metadata": { "name": "app" } });
        let null_at = |path| json!([{ "op": "test", "path": path, "value": null }]);
        assert!(patched(&object, &null_at("/metadata/annotations")).is_some());
        assert!(patched(&object, &null_at("/metadata/deletionTimestamp")).is_some());
        assert!(patched(&object, &null_at("/metadata/annotations/a")).is_none());
        assert!(patched(&object, &null_at("/metadata/name")).is_none());
    }

    #[test]
    fn a_string_tests_equal_only_in_the_servers_own_spelling() {
        let object = json!({ "a": "<é\u{2028}" });
        let test = |spelt: &str| format!(r#"[{{"op":"test","path":"/a","value":{spelt}}}]"#);
        assert!(json_patch(&object, test(r#""\u003cé\u2028""#).as_bytes()).is_ok());
        assert!(json_patch(&object, test(r#""<é\u2028""#).as_bytes()).is_err());
        assert!(json_patch(&object, test(r#""\u003c\u00e9\u2028""#).as_bytes()).is_err());
    }

    #[test]
    fn an_operation_that_does_not_apply_undoes_those_before_it() {
        let object = json!({ "a": 1 });
        let patch = json!([{ "op": "remove", "path": "/a" }, { "op": "remove", "path": "/b" }]);
        assert_eq!(patched(&object, &patch), None);
        assert_eq!(object, json!({ "a": 1 }));
    }
}
