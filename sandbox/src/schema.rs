//! What a custom kind's definition says of its objects: an OpenAPI schema.
//!
//! Of a schema are taken: `type`, `properties`, `additionalProperties`, `items`, `required`,
//! `enum`, `nullable`, `default`, the bounds of numbers, lengths and counts, and
//! `x-kubernetes-preserve-unknown-fields`, `-int-or-string` and `-embedded-resource`. Patterns,
//! formats, CEL rules and combinations (`anyOf`, …) are not.

use serde_json::{Value, json};

use crate::field::FieldError;

/// Removes what the schema does not know, and adds what it knows better; tells what it removed.
pub(crate) fn complete(schema: &Value, object: &mut Value) -> Vec<String> {
    let mut unknown = Vec::new();
    let Value::Object(members) = object else { return unknown };
    let names: Vec<String> = members.keys().cloned().collect();
    for name in names.iter().filter(|name| !is_of_all_objects(name)) {
        prune_member(schema, members, name, name, &mut unknown);
    }
    add_defaults(schema, members);
    unknown
}

fn is_of_all_objects(name: &str) -> bool {
    matches!(name, "apiVersion" | "kind" | "metadata")
}

fn preserves(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true
}

type Members = serde_json::Map<String, Value>;

fn prune_member(
    schema: &Value,
    members: &mut Members,
    name: &str,
    path: &str,
    unknown: &mut Vec<String>,
) {
    let known = schema["properties"].get(name);
    let known = known.or_else(|| schema.get("additionalProperties").filter(|any| any.is_object()));
    let keeps = preserves(schema) || schema["additionalProperties"] == true;
    match (known, members.get_mut(name)) {
        (Some(schema), Some(value)) => prune(schema, value, path, unknown),
        (None, Some(_)) if !keeps => {
            members.remove(name);
            unknown.push(path.to_owned());
        }
        _ => {}
    }
}

fn prune(schema: &Value, value: &mut Value, path: &str, unknown: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let is_whole_object = schema["x-kubernetes-embedded-resource"] == true;
            let names: Vec<String> = members.keys().cloned().collect();
            for name in names.iter().filter(|name| !(is_whole_object && is_of_all_objects(name))) {
                prune_member(schema, members, name, &format!("{path}.{name}"), unknown);
            }
            add_defaults(schema, members);
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                prune(&schema["items"], item, &format!("{path}[{at}]"), unknown);
            }
        }
        _ => {}
    }
}

fn add_defaults(schema: &Value, members: &mut Members) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let is_missing = match members.get(name) {
            None => true,
            Some(value) => value.is_null() && property["nullable"] != true,
        };
        if let (true, Some(default)) = (is_missing, property.get("default")) {
            members.insert(name.clone(), default.clone());
        }
    }
}

/// What is wrong with an object.
pub(crate) fn broken(schema: &Value, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for name in required(schema, object) {
        errors.push(FieldError::required(&name, ""));
    }
    for (name, value) in object.as_object().into_iter().flatten() {
        if let (false, Some(schema)) = (is_of_all_objects(name), schema["properties"].get(name)) {
            check(schema, value, name, &mut errors);
        }
    }
    errors
}

fn required(schema: &Value, object: &Value) -> Vec<String> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    required.filter(|name| object.get(name).is_none()).map(str::to_owned).collect()
}

fn check(schema: &Value, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if value.is_null() && schema["nullable"] == true {
        return;
    }
    if !fits(schema, value) {
        let wanted = schema["type"].as_str().unwrap_or_default();
        let given = type_of(value);
        let why = format!("{path} in body must be of type {wanted}: {given:?}");
        errors.push(FieldError::type_invalid(path, given, &why));
        return;
    }
    if let Some(allowed) = schema["enum"].as_array().filter(|allowed| !allowed.contains(value)) {
        let allowed: Vec<String> = allowed.iter().map(plain).collect();
        let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
        errors.push(FieldError::not_supported(path, value, &allowed));
    }
    check_bounds(schema, value, path, errors);
    match value {
        Value::Object(members) => {
            for name in required(schema, value) {
                errors.push(FieldError::required(&format!("{path}.{name}"), ""));
            }
            for (name, member) in members {
                let known = schema["properties"].get(name);
                let known = known.or_else(|| schema.get("additionalProperties"));
                if let Some(schema) = known {
                    check(schema, member, &format!("{path}.{name}"), errors);
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                check(&schema["items"], item, &format!("{path}[{at}]"), errors);
            }
        }
        _ => {}
    }
}

fn fits(schema: &Value, value: &Value) -> bool {
    if schema["x-kubernetes-int-or-string"] == true {
        return value.is_i64() || value.is_string();
    }
    match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        _ => true,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The bounds, what of a value they are of, and how breaking them is told.
const BOUNDS: [(&str, fn(&Value) -> Option<f64>, &str); 6] = [
    ("minimum", Value::as_f64, "should be greater than or equal to"),
    ("minLength", length, "should be at least"),
    ("minItems", count, "should have at least"),
    ("maximum", Value::as_f64, "should be less than or equal to"),
    ("maxLength", length, "should be at most"),
    ("maxItems", count, "should have at most"),
];

fn check_bounds(schema: &Value, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (name, measure, told) in BOUNDS {
        let (Some(bound), Some(size)) = (schema[name].as_f64(), measure(value)) else { continue };
        let is_broken = if name.starts_with("min") { size < bound } else { size > bound };
        if is_broken {
            let unit = match name {
                "minLength" | "maxLength" => " chars long",
                "minItems" | "maxItems" => " items",
                _ => "",
            };
            let why = format!("{path} in body {told} {}{unit}", schema[name]);
            errors.push(FieldError::invalid(path, value, &why));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "bodies are smaller")]
fn length(value: &Value) -> Option<f64> {
    value.as_str().map(|text| text.chars().count() as f64)
}

#[expect(clippy::cast_precision_loss, reason = "bodies are smaller")]
fn count(value: &Value) -> Option<f64> {
    value.as_array().map(|items| items.len() as f64)
}

/// A schema that knows nothing and keeps everything, of kinds that have none.
pub(crate) fn anything() -> Value {
    json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        json!({ "properties": { "spec": {
            "type": "object", "required": ["name"],
            "properties": {
                "name": { "type": "string", "minLength": 1 },
                "size": { "type": "integer", "default": 1, "minimum": 0 },
                "free": { "x-kubernetes-preserve-unknown-fields": true },
                "list": { "type": "array", "items": { "type": "object" } },
                "sort": { "type": "string", "enum": ["a", "b"] },
                "port": { "x-kubernetes-int-or-string": true },
            },
        } } })
    }

    #[test]
    fn what_is_unknown_goes_and_defaults_come() {
        let mut object = json!({ "kind": "Widget", "metadata": {}, "x": 1,
            "spec": { "name": "a", "y": 1, "free": { "z": 1 }, "list": [{ "w": 1 }] } });
        let unknown = complete(&schema(), &mut object);
        assert_eq!(unknown, ["spec.list[0].w", "spec.y", "x"]);
        let spec = json!({ "name": "a", "free": { "z": 1 }, "list": [{}], "size": 1 });
        assert_eq!(object, json!({ "kind": "Widget", "metadata": {}, "spec": spec }));
    }

    #[test]
    fn what_breaks_the_schema_is_told_with_its_place() {
        let broken = |spec: Value| {
            let errors = broken(&schema(), &json!({ "spec": spec }));
            errors.iter().map(|error| FieldError::sentence(&[error.clone()])).collect::<Vec<_>>()
        };
        let typed =
            "spec: Invalid value: \"string\": spec in body must be of type object: \"string\"";
        assert_eq!(broken(json!("x")), [typed]);
        assert_eq!(broken(json!({})), ["spec.name: Required value"]);
        assert_eq!(broken(json!({ "name": "a", "size": 0, "sort": "b", "port": "http" })), [""; 0]);
        assert_eq!(broken(json!({ "name": "", "size": -1, "sort": "c", "port": 1.5 })).len(), 4);
    }
}
