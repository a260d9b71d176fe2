//! Strategic merge patches: lists are merged as their kind's Go type says.

use serde_json::{Map, Value, json};

use super::Failure;

/// Lists of objects that are merged, and by which member.
const MERGE_KEYS: [(&str, &str); 14] = [
    ("conditions", "type"),
    ("containers", "name"),
    ("env", "name"),
    ("ephemeralContainers", "name"),
    ("hostAliases", "ip"),
    ("imagePullSecrets", "name"),
    ("initContainers", "name"),
    ("ownerReferences", "uid"),
    ("ports", "containerPort"),
    ("secrets", "name"),
    ("topologySpreadConstraints", "topologyKey"),
    ("volumeDevices", "devicePath"),
    ("volumeMounts", "mountPath"),
    ("volumes", "name"),
];
/// Lists of texts that are merged; others take each other's place.
const MERGED_TEXTS: [&str; 1] = ["finalizers"];

/// The document with a patch merged in.
///
/// The order that `$setElementOrder` asks for is not taken.
pub(crate) fn strategic_patch(
    document: &Value,
    patch: &Map<String, Value>,
) -> Result<Value, Failure> {
    let mut merged = document.clone();
    merge(crate::metadata::members_mut(&mut merged), patch)?;
    Ok(merged)
}

fn merge(members: &mut Map<String, Value>, patch: &Map<String, Value>) -> Result<(), Failure> {
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => members.clear(),
        Some("delete") => {
            members.clear();
            return Ok(());
        }
        Some("merge") | None => {}
        Some(other) => return Err(unknown_directive(other)),
    }
    for (name, value) in patch {
        match name.split_once('/') {
            Some(("$deleteFromPrimitiveList", list)) => remove_texts(members, list, value),
            Some(("$setElementOrder", _)) => {}
            _ if name == "$patch" => {}
            _ if name == "$retainKeys" => retain(members, value),
            _ if name.starts_with('$') => return Err(unknown_directive(name)),
            _ => merge_member(members, name, value)?,
        }
    }
    Ok(())
}

fn unknown_directive(name: &str) -> Failure {
    Failure::Undecodable(format!("kubelock sandbox: {name} in a patch is not supported"))
}

fn remove_texts(members: &mut Map<String, Value>, list: &str, removed: &Value) {
    let removed = removed.as_array().cloned().unwrap_or_default();
    if let Some(Value::Array(items)) = members.get_mut(list) {
        items.retain(|item| !removed.contains(item));
    }
}

fn retain(members: &mut Map<String, Value>, names: &Value) {
    let names = names.as_array().cloned().unwrap_or_default();
    members.retain(|name, _| names.contains(&json!(name)));
}

fn merge_member(
    members: &mut Map<String, Value>,
    name: &str,
    value: &Value,
) -> Result<(), Failure> {
    match value {
        Value::Null => {
            members.remove(name);
        }
        Value::Object(patch) => {
            let member = members.entry(name).or_insert(Value::Null);
            merge(crate::metadata::members_mut(member), patch)?;
        }
        Value::Array(patch) => {
            let old = members.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
            members.insert(name.to_owned(), Value::Array(merged_list(name, old, patch)?));
        }
        other => {
            members.insert(name.to_owned(), other.clone());
        }
    }
    Ok(())
}

fn merged_list(name: &str, old: Vec<Value>, patch: &[Value]) -> Result<Vec<Value>, Failure> {
    if MERGED_TEXTS.contains(&name) {
        let new = patch.to_vec();
        let rest = old.into_iter().filter(|item| !new.contains(item)).collect::<Vec<_>>();
        return Ok([new, rest].concat());
    }
    let key = MERGE_KEYS.iter().find(|(list, _)| *list == name).map(|(_, key)| *key);
    let has_key =
        |key: &&str| patch.iter().all(|item| item.get(*key).is_some() || is_directive(item));
    match key.or((name == "ports").then_some("port")).filter(has_key) {
        Some(key) => merged_objects(key, old, patch),
        None => Ok(patch.to_vec()),
    }
}

fn is_directive(item: &Value) -> bool {
    item.get("$patch").is_some()
}

fn merged_objects(key: &str, mut old: Vec<Value>, patch: &[Value]) -> Result<Vec<Value>, Failure> {
    if patch.iter().any(|item| item["$patch"] == "replace") {
        return Ok(patch.iter().filter(|item| !is_directive(item)).cloned().collect());
    }
    let mut added = Vec::new();
    for item in patch {
        let at = old.iter().position(|known| known.get(key) == item.get(key));
        match (at, item) {
            (Some(at), item) if item["$patch"] == "delete" => {
                old.remove(at);
            }
            (Some(at), Value::Object(changes)) => {
                merge(crate::metadata::members_mut(&mut old[at]), changes)?;
            }
            (None, item) if !is_directive(item) => added.push(item.clone()),
            _ => {}
        }
    }
    Ok([added, old].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(document: &Value, patch: &Value) -> Value {
        strategic_patch(document, patch.as_object().unwrap()).unwrap()
    }

    #[test]
    fn maps_are_merged_and_nulls_remove() {
        let document = json!({ "annotations": { "a": "1", "b": "2" } });
        let patch = json!({ "annotations": { "a": null, "c": "3" }, "labels": { "e": null } });
        let expected = json!({ "annotations": { "b": "2", "c": "3" }, "labels": {} });
        assert_eq!(merged(&document, &patch), expected);
    }

    #[test]
    fn directives_replace_delete_and_retain() {
        let document = json!({ "a": { "b": 1 }, "c": { "d": 1 }, "e": { "f": 1, "g": 2 } });
        let patch = json!({
            "a": { "$patch": "replace", "x": 1 }, "c": { "$patch": "delete" },
            "e": { "$retainKeys": ["g"] },
        });
        let expected = json!({ "a": { "x": 1 }, "c": {}, "e": { "g": 2 } });
        assert_eq!(merged(&document, &patch), expected);
        let unknown = json!({ "$patch": "shuffle" });
        assert!(strategic_patch(&document, unknown.as_object().unwrap()).is_err());
    }

    #[test]
    fn lists_are_merged_by_their_key() {
        let document = json!({ "containers": [{ "name": "a", "image": "1" }, { "name": "b" }] });
        let patch = json!({ "containers": [
            { "name": "a", "image": "2" }, { "name": "c" }, { "name": "b", "$patch": "delete" },
        ] });
        let expected = json!({ "containers": [{ "name": "c" }, { "name": "a", "image": "2" }] });
        assert_eq!(merged(&document, &patch), expected);
    }

    #[test]
    fn finalizers_are_merged_and_other_lists_replaced() {
        let document = json!({ "finalizers": ["a"], "args": ["x"] });
        let patch = json!({ "finalizers": ["b"], "args": ["y"] });
        assert_eq!(merged(&document, &patch), json!({ "finalizers": ["b", "a"], "args": ["y"] }));
        let patch = json!({ "$deleteFromPrimitiveList/finalizers": ["a"] });
        assert_eq!(merged(&document, &patch)["finalizers"], json!([]));
    }
}
