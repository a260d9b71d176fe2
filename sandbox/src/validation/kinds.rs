//! The rules of single kinds.

use serde_json::{Value, json};

use super::events;
use crate::event;
use crate::field::FieldError;
use crate::kinds::Kind;
use crate::names;
use crate::schema;

/// Of a config map or a secret, all values together.
const DATA_LIMIT: usize = 1024 * 1024;

/// What is wrong with an object beside its metadata.
pub(super) fn of_object(kind: &Kind, object: &Value) -> Vec<FieldError> {
    match (&*kind.group, &*kind.plural) {
        _ if kind.is_custom => {
            kind.schema.as_ref().map(|schema| schema::broken(schema, object)).unwrap_or_default()
        }
        ("", "configmaps") => data(object, "[]"),
        ("", "secrets") => data(object, "data"),
        ("coordination.k8s.io", "leases") => lease(&object["spec"]),
        ("apiextensions.k8s.io", "customresourcedefinitions") => definition(object),
        _ => Vec::new(),
    }
}

/// What of an object beside its metadata may not be changed, and is.
pub(super) fn of_change(kind: &Kind, object: &Value, old: &Value) -> Vec<FieldError> {
    match (&*kind.group, &*kind.plural) {
        _ if event::is_event(kind) => events::of_changed(kind, object, old),
        ("", "configmaps") => sealed(object, old),
        ("", "secrets") => {
            let is_other = object["type"] != old["type"];
            let other = || FieldError::invalid("type", &object["type"], "field is immutable");
            is_other.then(other).into_iter().chain(sealed(object, old)).collect()
        }
        _ => Vec::new(),
    }
}

/// What was set to be `immutable` once.
fn sealed(object: &Value, old: &Value) -> Vec<FieldError> {
    if old["immutable"] != true {
        return Vec::new();
    }
    let changed = ["immutable", "data", "binaryData"].into_iter();
    let changed = changed.filter(|field| object[*field] != old[*field]);
    let why = "field is immutable when `immutable` is set";
    changed.map(|field| FieldError::forbidden(field, why)).collect()
}

fn data(object: &Value, whole: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut length = 0;
    for field in ["data", "binaryData"] {
        for (key, value) in object[field].as_object().into_iter().flatten() {
            length += value.as_str().map_or(0, str::len);
            let path = format!("{field}[{key}]");
            let broken = names::data_key(key).into_iter();
            errors.extend(broken.map(|why| FieldError::invalid(&path, &json!(key), &why)));
        }
    }
    if length > DATA_LIMIT {
        errors.push(FieldError::too_long(whole, &format!("{DATA_LIMIT} bytes")));
    }
    errors
}

fn lease(spec: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let bounds = [
        ("leaseDurationSeconds", 1, "must be greater than 0"),
        ("leaseTransitions", 0, "must be greater than or equal to 0"),
    ];
    for (field, least, why) in bounds {
        if spec[field].as_i64().is_some_and(|value| value < least) {
            errors.push(FieldError::invalid(&format!("spec.{field}"), &spec[field], why));
        }
    }
    if spec["holderIdentity"] == "" {
        let path = "spec.holderIdentity";
        errors.push(FieldError::invalid(path, &json!(""), "must not be empty"));
    }
    errors
}

/// Only what is needed to serve it.
fn definition(object: &Value) -> Vec<FieldError> {
    let spec = &object["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (group, names) = (text(&spec["group"]), &spec["names"]);
    let mut errors = Vec::new();
    let needed = [
        ("spec.group", &spec["group"]),
        ("spec.scope", &spec["scope"]),
        ("spec.names.plural", &names["plural"]),
        ("spec.names.kind", &names["kind"]),
    ];
    for (path, _) in needed.iter().filter(|(_, value)| text(value).is_empty()) {
        errors.push(FieldError::required(path, ""));
    }
    let wanted = format!("{}.{group}", text(&names["plural"]));
    if object["metadata"]["name"] != wanted {
        let why = "must be spec.names.plural+\".\"+spec.group";
        errors.push(FieldError::invalid("metadata.name", &object["metadata"]["name"], why));
    }
    let versions = spec["versions"].as_array().into_iter().flatten();
    if versions.filter(|version| version["storage"] == true).count() != 1 {
        let why = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid("spec.versions", &spec["versions"], why));
    }
    errors
}
