//! Patches as the API server applies them.

use serde_json::Value;

use super::status::Status;

/// The object with a JSON Patch applied.
pub(super) fn json_patch(object: &Value, body: &[u8]) -> Result<Value, Status> {
    let operations: Vec<Value> = serde_json::from_slice(body).map_err(malformed)?;
    let mut patched = object.clone();
    for operation in operations {
        apply(&mut patched, operation)?;
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

fn apply(object: &mut Value, operation: Value) -> Result<(), Status> {
    let operation = serde_json::from_value(operation).map_err(malformed)?;
    let applied = match &operation {
        json_patch::PatchOperation::Test(test) => {
            holds(object, test.path.as_str(), &test.value).then_some(())
        }
        other => json_patch::patch(object, std::slice::from_ref(other)).ok(),
    };
    applied.ok_or_else(Status::patch_failed)
}

/// Beyond RFC 6902, what is missing counts as null, if only it could be there.
fn holds(object: &Value, path: &str, expected: &Value) -> bool {
    if let Some(found) = object.pointer(path) {
        return found == expected;
    }
    let parent = path.rsplit_once('/').and_then(|(parent, _)| object.pointer(parent));
    expected.is_null() && parent.is_some_and(Value::is_object)
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
    fn an_operation_that_does_not_apply_undoes_those_before_it() {
        let object = json!({ "a": 1 });
        let patch = json!([{ "op": "remove", "path": "/a" }, { "op": "remove", "path": "/b" }]);
        assert_eq!(patched(&object, &patch), None);
        assert_eq!(object, json!({ "a": 1 }));
    }
}
