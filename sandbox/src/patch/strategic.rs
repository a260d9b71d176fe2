//! Strategic merge patches, as far as maps go.

use serde_json::{Map, Value};

use super::Failure;

/// What a strategic merge patch says to itself: `$patch`, `$retainKeys` and so on.
const DIRECTIVE: char = '$';

/// The document with a patch merged in.
///
/// Lists take the place of lists; patches with directives, which would merge them, are refused.
pub(crate) fn strategic_patch(document: &Value, patch: &str) -> Result<Value, Failure> {
    let undecodable = |why: String| Failure::Undecodable(why);
    let patch: Value =
        serde_json::from_str(patch).map_err(|error| undecodable(error.to_string()))?;
    let Value::Object(patch) = patch else {
        return Err(undecodable("invalid JSON document".to_owned()));
    };
    let mut merged = document.clone();
    merge(&mut merged, patch)?;
    Ok(merged)
}

fn merge(document: &mut Value, patch: Map<String, Value>) -> Result<(), Failure> {
    let members = crate::metadata::members_mut(document);
    for (name, value) in patch {
        if name.starts_with(DIRECTIVE) {
            let why = format!("kubelock sandbox: the directive {name} of a patch is not supported");
            return Err(Failure::Undecodable(why));
        }
        match value {
            Value::Null => {
                members.remove(&name);
            }
            Value::Object(patch) => merge(members.entry(name).or_insert(Value::Null), patch)?,
            other => {
                members.insert(name, other);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_are_merged_and_nulls_remove() {
        let document = json!({ "metadata": { "annotations": { "a": "1", "b": "2" } } });
        let patch =
            r#"{"metadata":{"annotations":{"a":null,"c":"3"},"labels":{"d":"4","e":null}}}"#;
        let merged = strategic_patch(&document, patch).unwrap();
        let metadata = json!({ "annotations": { "b": "2", "c": "3" }, "labels": { "d": "4" } });
        assert_eq!(merged, json!({ "metadata": metadata }));
    }

    #[test]
    fn directives_are_refused() {
        let patch = r#"{"metadata":{"$patch":"replace"}}"#;
        let Err(Failure::Undecodable(why)) = strategic_patch(&json!({}), patch) else { panic!() };
        assert!(why.contains("$patch"), "{why}");
    }
}
