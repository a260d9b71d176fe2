//! What is wrong with a field of an object.

use serde_json::{Value, json};

/// One broken rule, as the API tells it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldError {
    reason: &'static str,
    field: String,
    body: String,
}

impl FieldError {
    /// The value, in the server's spelling of it, breaks the rule that `detail` tells.
    pub(crate) fn invalid(field: &str, value: &Value, detail: &str) -> Self {
        Self::invalid_as(field, &shown(value), detail)
    }

    /// The same of a value that is already spelt.
    pub(crate) fn invalid_as(field: &str, shown: &str, detail: &str) -> Self {
        let body = format!("Invalid value: {shown}: {detail}");
        Self { reason: "FieldValueInvalid", field: field.to_owned(), body }
    }

    pub(crate) fn required(field: &str, detail: &str) -> Self {
        let rest = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        let body = format!("Required value{rest}");
        Self { reason: "FieldValueRequired", field: field.to_owned(), body }
    }

    pub(crate) fn forbidden(field: &str, detail: &str) -> Self {
        let body = format!("Forbidden: {detail}");
        Self { reason: "FieldValueForbidden", field: field.to_owned(), body }
    }

    pub(crate) fn too_long(field: &str, limit: &str) -> Self {
        let body = format!("Too long: may not be more than {limit}");
        Self { reason: "FieldValueTooLong", field: field.to_owned(), body }
    }

    /// Of a value of the wrong type, the type alone is told.
    pub(crate) fn type_invalid(field: &str, type_name: &str, detail: &str) -> Self {
        let body = format!("Invalid value: {type_name:?}: {detail}");
        Self { reason: "FieldValueTypeInvalid", field: field.to_owned(), body }
    }

    pub(crate) fn not_supported(field: &str, value: &Value, supported: &[&str]) -> Self {
        let supported: Vec<_> = supported.iter().map(|value| format!("{value:?}")).collect();
        let supported = supported.join(", ");
        let body = format!("Unsupported value: {}: supported values: {supported}", shown(value));
        Self { reason: "FieldValueNotSupported", field: field.to_owned(), body }
    }

    pub(crate) fn to_cause(&self) -> Value {
        json!({ "reason": self.reason, "message": self.body, "field": self.field })
    }

    /// All of them: one bare, more in brackets, none of them twice.
    pub(crate) fn sentence(errors: &[Self]) -> String {
        let mut told: Vec<String> = Vec::new();
        for error in errors {
            let sentence = format!("{}: {}", error.field, error.body);
            if !told.contains(&sentence) {
                told.push(sentence);
            }
        }
        match told.as_slice() {
            [one] => one.clone(),
            all => format!("[{}]", all.join(", ")),
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}
