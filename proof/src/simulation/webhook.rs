//! A webhook that meddles with annotations on their way into the store.

use serde_json::Value;

use super::fault::Fault;
use super::store::KEY;

/// The request's body as the webhook leaves it.
pub(crate) fn meddled(how: Fault, body: &[u8]) -> Vec<u8> {
    let Ok(mut body) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    if let Value::Array(operations) = &mut body {
        for operation in operations.iter_mut() {
            meddle(how, operation);
        }
    } else {
        meddle_map(how, &mut body["metadata"]["annotations"]);
    }
    serde_json::to_vec(&body).unwrap_or_default()
}

fn meddle(how: Fault, operation: &mut Value) {
    let writes = matches!(operation["op"].as_str(), Some("add" | "replace"));
    let path = operation["path"].as_str().unwrap_or_default().to_owned();
    if !writes || !path.starts_with("/metadata/annotations") {
        return;
    }
    if path == "/metadata/annotations" {
        return meddle_map(how, &mut operation["value"]);
    }
    match (how, operation["value"].as_str()) {
        (Fault::Alter, Some(value)) => operation["value"] = altered(value),
        // It was added or replaced before: now there is nothing.
        _ => *operation = serde_json::json!({ "op": "add", "path": path_of_other(), "value": "y" }),
    }
}

fn meddle_map(how: Fault, annotations: &mut Value) {
    let Some(annotations) = annotations.as_object_mut() else { return };
    match (how, annotations.get(KEY).and_then(Value::as_str).map(altered)) {
        (Fault::Alter, Some(value)) => {
            annotations.insert(KEY.into(), value);
        }
        _ => {
            annotations.remove(KEY);
        }
    }
}

/// The same record in other bytes.
fn altered(value: &str) -> Value {
    Value::String(format!("{value} "))
}

fn path_of_other() -> &'static str {
    "/metadata/annotations/meddled"
}
