//! JSON Patch as the library of the API server does it, evanphx/json-patch of version 4.
//!
//! Beyond RFC 6902, negative indices count from the end, what is missing in an object tests as
//! null, `replace` adds what is missing, and a path without a slash at its start has one.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::{Document, go_kind};

use super::Failure;
use super::node::{Node, Slot};

const OPERATION_LIMIT: usize = 10_000;
/// Of all that the operations of a patch copy.
const COPY_LIMIT: usize = 3 * 1024 * 1024;

type Operation<'a> = BTreeMap<String, Option<&'a RawValue>>;

/// The document with the operations of a patch applied, all or none.
pub(crate) fn json_patch(document: &Value, patch: &str) -> Result<Value, Failure> {
    let undecodable = |error: serde_json::Error| Failure::Undecodable(error.to_string());
    let operations: Option<Vec<Option<Operation<'_>>>> =
        serde_json::from_str(patch).map_err(undecodable)?;
    let operations = operations.unwrap_or_default();
    if operations.len() > OPERATION_LIMIT {
        return Err(Failure::TooLarge(format!(
            "The allowed maximum operations in a JSON patch is {OPERATION_LIMIT}, got {}",
            operations.len()
        )));
    }
    let text = kubelock_core::go_json::to_vec(document).map_err(undecodable)?;
    let mut root = Node::read(&String::from_utf8_lossy(&text))?;
    root.open();
    let mut copied_bytes = 0;
    for operation in operations {
        apply(&mut root, &operation.unwrap_or_default(), &mut copied_bytes)?;
    }
    let patched = root.into_value()?;
    // As the next reader takes it.
    let read = crate::json::read_text(&patched.to_string()).map_err(Failure::Undecodable)?;
    Ok(read.value)
}

/// What is odd about operations, as far as it does not keep them from being done.
///
/// Fails where they are no operations at all.
pub(crate) fn odd_operations(patch: &Document) -> Result<Vec<String>, String> {
    let misfit = |value: &Value, go_type: &str| {
        let what = go_kind(value);
        format!("json: cannot unmarshal {what} into Go {go_type}")
    };
    let items = match &patch.value {
        Value::Array(items) => items.as_slice(),
        Value::Null => &[],
        other => return Err(misfit(other, "value of type []handlers.jsonPatchOp")),
    };
    let mut odd: Vec<String> = patch
        .duplicates
        .iter()
        .map(|field| format!("json patch duplicate field {field:?}"))
        .collect();
    for (at, item) in items.iter().enumerate() {
        let members = match item {
            Value::Object(members) => members,
            Value::Null => continue,
            other => return Err(misfit(other, "value of type handlers.jsonPatchOp")),
        };
        for (name, value) in members {
            match name.as_str() {
                "op" | "path" | "from" if !value.is_string() && !value.is_null() => {
                    let place = format!("struct field jsonPatchOp.{name} of type string");
                    return Err(misfit(value, &place));
                }
                "op" | "path" | "from" | "value" => {}
                _ => odd.push(format!("json patch unknown field \"[{at}].{name}\"")),
            }
        }
    }
    Ok(odd)
}

fn apply(
    root: &mut Node,
    operation: &Operation<'_>,
    copied_bytes: &mut usize,
) -> Result<(), Failure> {
    let path = || text(operation, "path").ok_or(Failure::Inapplicable);
    let from = || text(operation, "from").ok_or(Failure::Inapplicable);
    match text(operation, "op").as_deref() {
        Some("add") => add(root, &path()?, value(operation)),
        Some("remove") => remove(root, &path()?),
        Some("replace") => replace(root, &path()?, value(operation)),
        Some("test") => test(root, &path()?, value(operation)),
        Some("move") => {
            let from = from()?;
            let moved = get(root, &from)?.clone();
            remove(root, &from)?;
            add(root, &path()?, moved)
        }
        Some("copy") => {
            let from = from()?;
            let copied = get(root, &from)?.as_ref().map(Node::text);
            *copied_bytes += copied.as_ref().map_or(0, String::len);
            if *copied_bytes > COPY_LIMIT {
                return Err(Failure::Inapplicable);
            }
            add(root, &path()?, copied.map(|text| Node::read(&text)).transpose()?)
        }
        _ => Err(Failure::Inapplicable),
    }
}

fn text(operation: &Operation<'_>, member: &str) -> Option<String> {
    serde_json::from_str(operation.get(member).copied().flatten()?.get()).ok()
}

/// A value that is null is one, unlike one that is missing.
fn value(operation: &Operation<'_>) -> Slot {
    let value = operation.get("value")?;
    Some(value.map_or(Node::Null, |raw| Node::Raw(raw.to_owned())))
}

fn add(root: &mut Node, path: &str, value: Slot) -> Result<(), Failure> {
    let (container, key) = find(root, path)?;
    match container {
        Node::Object(members) => {
            members.insert(key, value);
        }
        Node::Array(items) if key == "-" => items.push(value),
        Node::Array(items) => {
            let at = index(&key, items.len() + 1)?;
            items.insert(at, value);
        }
        _ => return Err(Failure::Inapplicable),
    }
    Ok(())
}

fn remove(root: &mut Node, path: &str) -> Result<(), Failure> {
    let (container, key) = find(root, path)?;
    match container {
        Node::Object(members) => {
            members.remove(&key).ok_or(Failure::Inapplicable)?;
        }
        Node::Array(items) => {
            let at = index(&key, items.len())?;
            items.remove(at);
        }
        _ => return Err(Failure::Inapplicable),
    }
    Ok(())
}

fn replace(root: &mut Node, path: &str, value: Slot) -> Result<(), Failure> {
    if path.is_empty() {
        let mut value = value.ok_or(Failure::Panic)?;
        value.open();
        if !matches!(value, Node::Object(_) | Node::Array(_)) {
            return Err(Failure::Inapplicable);
        }
        *root = value;
        return Ok(());
    }
    let (container, key) = find(root, path)?;
    match container {
        Node::Object(members) => {
            members.insert(key, value);
        }
        Node::Array(items) => {
            let at = index(&key, items.len())?;
            items[at] = value;
        }
        _ => return Err(Failure::Inapplicable),
    }
    Ok(())
}

fn test(root: &mut Node, path: &str, expected: Slot) -> Result<(), Failure> {
    let is_equal = if path.is_empty() {
        root.equals(&mut expected.ok_or(Failure::Panic)?)?
    } else {
        let mut missing = None;
        let found = get_mut(root, path)?.unwrap_or(&mut missing);
        match (found, expected) {
            (None, expected) => matches!(expected, None | Some(Node::Null)),
            (Some(_), None) => false,
            (Some(found), Some(mut expected)) => found.equals(&mut expected)?,
        }
    };
    if is_equal { Ok(()) } else { Err(Failure::Inapplicable) }
}

/// What is at a path; what is missing in an object is as good as null.
fn get<'a>(root: &'a mut Node, path: &str) -> Result<&'a Slot, Failure> {
    Ok(get_mut(root, path)?.map_or(&None, |slot| slot))
}

fn get_mut<'a>(root: &'a mut Node, path: &str) -> Result<Option<&'a mut Slot>, Failure> {
    let (container, key) = find(root, path)?;
    member(container, &key)
}

fn member<'a>(container: &'a mut Node, key: &str) -> Result<Option<&'a mut Slot>, Failure> {
    match container {
        Node::Object(members) => Ok(members.get_mut(key)),
        Node::Array(items) => {
            let at = index(key, items.len())?;
            Ok(items.get_mut(at))
        }
        _ => Err(Failure::Inapplicable),
    }
}

/// The container that a path leads to, and the last part of the path.
fn find<'a>(root: &'a mut Node, path: &str) -> Result<(&'a mut Node, String), Failure> {
    let mut parts: Vec<&str> = path.split('/').skip(1).collect();
    let last = parts.pop().ok_or(Failure::Inapplicable)?;
    let mut container = root;
    for part in parts {
        let slot = member(container, &decoded(part))?;
        let next = slot.and_then(Option::as_mut).ok_or(Failure::Inapplicable)?;
        next.open();
        container = next;
    }
    match container {
        Node::Object(_) | Node::Array(_) => Ok((container, decoded(last))),
        _ => Err(Failure::Inapplicable),
    }
}

fn decoded(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// An index into so many items; a negative one counts from their end.
fn index(key: &str, length: usize) -> Result<usize, Failure> {
    let at: i64 = key.parse().map_err(|_| Failure::Inapplicable)?;
    let length = i64::try_from(length).map_err(|_| Failure::Inapplicable)?;
    let from_start = if at < 0 { at + length } else { at };
    if (0..length).contains(&from_start) {
        return usize::try_from(from_start).map_err(|_| Failure::Inapplicable);
    }
    Err(Failure::Inapplicable)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(document: &Value, patch: &Value) -> Result<Value, Failure> {
        json_patch(document, &patch.to_string())
    }

    fn applied(document: &Value, patch: &Value) -> Value {
        patched(document, patch).unwrap()
    }

    fn is_refused(document: &Value, patch: &Value) -> bool {
        patched(document, patch) == Err(Failure::Inapplicable)
    }

    #[test]
    fn what_is_missing_tests_as_null_only_where_its_parent_is_there() {
        let object = json!({ "metadata": { "name": "app" } });
        let null_at = |path| json!([{ "op": "test", "path": path, "value": null }]);
        assert_eq!(applied(&object, &null_at("/metadata/annotations")), object);
        assert_eq!(applied(&object, &null_at("/metadata/deletionTimestamp")), object);
        assert!(is_refused(&object, &null_at("/metadata/annotations/a")));
        assert!(is_refused(&object, &null_at("/metadata/name")));
        assert!(is_refused(&json!({ "a": ["x"] }), &null_at("/a/1")));
    }

    #[test]
    fn a_test_without_a_value_holds_where_nothing_is() {
        let object = json!({ "a": 1 });
        assert_eq!(applied(&object, &json!([{ "op": "test", "path": "/b" }])), object);
        assert!(is_refused(&object, &json!([{ "op": "test", "path": "/a" }])));
    }

    #[test]
    fn a_string_tests_equal_only_in_the_servers_own_spelling() {
        let object = json!({ "a": "<é\u{2028}" });
        let test = |spelt: &str| format!(r#"[{{"op":"test","path":"/a","value":{spelt}}}]"#);
        assert!(json_patch(&object, &test(r#""\u003cé\u2028""#)).is_ok());
        assert!(json_patch(&object, &test(r#""<é\u2028""#)).is_err());
        assert!(json_patch(&object, &test(r#""\u003c\u00e9\u2028""#)).is_err());
    }

    #[test]
    fn a_number_tests_equal_only_as_it_is_spelt_and_keys_as_they_are_meant() {
        let object = json!({ "a": { "<": [1, true] } });
        let test = |spelt: &str| format!(r#"[{{"op":"test","path":"/a","value":{spelt}}}]"#);
        assert!(json_patch(&object, &test(r#"{"\u003c": [ 1, true ]}"#)).is_ok());
        assert!(json_patch(&object, &test(r#"{"<":[1.0,true]}"#)).is_err());
    }

    #[test]
    fn a_copy_is_spelt_by_the_server_and_what_is_added_by_the_client() {
        let object = json!({});
        let script = |path: &str, spelt: &str| {
            format!(
                r#"[{{"op":"add","path":"/a","value":"<"}},{{"op":"copy","from":"/a","path":"/b"}},
                {{"op":"test","path":"{path}","value":"{spelt}"}}]"#
            )
        };
        assert!(json_patch(&object, &script("/a", "<")).is_ok());
        assert!(json_patch(&object, &script("/a", "\\u003c")).is_err());
        assert!(json_patch(&object, &script("/b", "\\u003c")).is_ok());
        assert!(json_patch(&object, &script("/b", "<")).is_err());
    }

    #[test]
    fn indices_count_from_the_end_when_negative() {
        let object = json!({ "a": ["x", "y"] });
        let add = |path: &str| json!([{ "op": "add", "path": path, "value": "z" }]);
        assert_eq!(applied(&object, &add("/a/-")), json!({ "a": ["x", "y", "z"] }));
        assert_eq!(applied(&object, &add("/a/-1")), json!({ "a": ["x", "y", "z"] }));
        assert_eq!(applied(&object, &add("/a/-3")), json!({ "a": ["z", "x", "y"] }));
        assert_eq!(applied(&object, &add("/a/+1")), json!({ "a": ["x", "z", "y"] }));
        for path in ["/a/3", "/a/-4", "/a/b", "/a/", "/a/1/b"] {
            assert!(is_refused(&object, &add(path)), "{path}");
        }
        let remove = |path: &str| json!([{ "op": "remove", "path": path }]);
        assert_eq!(applied(&object, &remove("/a/-1")), json!({ "a": ["x"] }));
        assert!(is_refused(&object, &remove("/a/2")) && is_refused(&object, &remove("/a/-")));
    }

    #[test]
    fn replace_adds_to_an_object_and_not_to_an_array() {
        let replace = |path: &str| json!([{ "op": "replace", "path": path, "value": 1 }]);
        assert_eq!(applied(&json!({}), &replace("/a")), json!({ "a": 1 }));
        assert!(is_refused(&json!({ "a": [] }), &replace("/a/0")));
        assert!(is_refused(&json!({}), &replace("/a/b")) && is_refused(&json!({}), &replace("")));
    }

    #[test]
    fn a_path_needs_one_slash_and_not_at_its_start() {
        let add = |path: &str| json!([{ "op": "add", "path": path, "value": 1 }]);
        assert_eq!(applied(&json!({}), &add("ignored/a~1b~0")), json!({ "a/b~": 1 }));
        assert_eq!(applied(&json!({}), &add("/")), json!({ "": 1 }));
        assert!(is_refused(&json!({}), &add("a")) && is_refused(&json!({}), &add("")));
    }

    #[test]
    fn what_is_moved_is_at_its_new_place_alone() {
        let object = json!({ "a": { "b": 1 } });
        let moves = json!([{ "op": "move", "from": "/a/b", "path": "/c" }]);
        assert_eq!(applied(&object, &moves), json!({ "a": {}, "c": 1 }));
        assert!(is_refused(&object, &json!([{ "op": "move", "from": "/a/x", "path": "/c" }])));
        assert!(is_refused(&object, &json!([{ "op": "move", "from": "/a", "path": "/a/c" }])));
    }

    #[test]
    fn what_is_no_operation_is_refused() {
        let object = json!({});
        for operation in [json!({}), json!(null), json!({ "op": "grow", "path": "/a" })] {
            assert!(is_refused(&object, &json!([operation])), "{operation}");
        }
        assert!(is_refused(&object, &json!([{ "op": "add", "value": 1 }])));
        for patch in ["{}", "[1]", "[", "\"\""] {
            assert!(matches!(json_patch(&object, patch), Err(Failure::Undecodable(_))), "{patch}");
        }
    }

    #[test]
    fn an_operation_that_does_not_apply_undoes_those_before_it() {
        let object = json!({ "a": 1 });
        let patch = json!([{ "op": "remove", "path": "/a" }, { "op": "remove", "path": "/b" }]);
        assert!(is_refused(&object, &patch));
    }

    #[test]
    fn ten_thousand_operations_are_taken_and_not_one_more() {
        let operations = |count| Value::from(vec![json!({ "op": "test", "path": "/b" }); count]);
        assert!(patched(&json!({}), &operations(OPERATION_LIMIT)).is_ok());
        let refused = patched(&json!({}), &operations(OPERATION_LIMIT + 1));
        assert!(matches!(refused, Err(Failure::TooLarge(_))));
    }
}
