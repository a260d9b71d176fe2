//! The columns of custom kinds, which their definitions tell.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::age;
use super::columns::{Column, name};

/// The name, and what the definition tells; without any, the age.
pub(super) fn columns(told: &[Value], created: fn(&Value, SystemTime) -> Value) -> Vec<Column> {
    let told: Vec<Column> = told.iter().map(Column::found).collect();
    let told = if told.is_empty() { vec![Column::of("date", "Age", created)] } else { told };
    std::iter::once(name()).chain(told).collect()
}

/// `.spec.size`, `.status.conditions[0].type`, `.status.conditions[?(@.type=="Ready")].status`.
pub(super) struct Path {
    steps: Vec<Step>,
    kind: String,
}

enum Step {
    Field(String),
    Index(usize),
    /// The items with a field of this value.
    Where(String, String),
    All,
    /// What is not understood finds nothing.
    Unknown,
}

impl Path {
    pub(super) fn parse(path: &str, kind: &str) -> Self {
        Self { steps: steps(path.trim_start_matches('$')), kind: kind.to_owned() }
    }

    pub(super) fn cell(&self, object: &Value, now: SystemTime) -> Value {
        let found = self.steps.iter().fold(vec![object], |found, step| {
            found.into_iter().flat_map(|value| step.below(value)).collect()
        });
        found.first().map_or(Value::Null, |value| shown(value, &self.kind, now))
    }
}

impl Step {
    fn below<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let items = value.as_array().map_or(&[][..], Vec::as_slice);
        match self {
            Self::Field(field) => value.get(field).into_iter().collect(),
            Self::Index(index) => items.get(*index).into_iter().collect(),
            Self::Where(field, wanted) => {
                items.iter().filter(|item| item[field] == wanted.as_str()).collect()
            }
            Self::All => items.iter().collect(),
            Self::Unknown => Vec::new(),
        }
    }
}

fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (step, behind) = match rest.strip_prefix('[') {
            Some(bracket) => bracketed(bracket),
            None => field(rest.trim_start_matches('.')),
        };
        steps.push(step);
        rest = behind;
    }
    steps
}

/// A dot in a field's name has a backslash before it.
fn field(path: &str) -> (Step, &str) {
    let mut escaped = false;
    let end = path.find(|letter| match (escaped, letter) {
        (false, '\\') => {
            escaped = true;
            false
        }
        (false, '.' | '[') => true,
        _ => {
            escaped = false;
            false
        }
    });
    let (name, rest) = path.split_at(end.unwrap_or(path.len()));
    (Step::Field(name.replace('\\', "")), rest)
}

fn bracketed(bracket: &str) -> (Step, &str) {
    let Some((inside, rest)) = bracket.split_once(']') else { return (Step::Unknown, "") };
    let step = match inside {
        "*" => Step::All,
        inside => inside.parse().map_or_else(|_| filter_or_name(inside), Step::Index),
    };
    (step, rest)
}

fn filter_or_name(inside: &str) -> Step {
    let filter = inside.strip_prefix("?(@.").and_then(|filter| filter.strip_suffix(')'));
    match filter.and_then(|filter| filter.split_once("==")) {
        Some((field, value)) => Step::Where(field.trim().to_owned(), unquoted(value)),
        None if inside.starts_with(['\'', '"']) => Step::Field(unquoted(inside)),
        None => Step::Unknown,
    }
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches(['\'', '"']).to_owned()
}

/// A value of another kind than the column's is not shown.
fn shown(value: &Value, kind: &str, now: SystemTime) -> Value {
    match kind {
        "integer" => value.as_i64().map_or(Value::Null, |number| json!(number)),
        "number" => value.as_f64().map_or(Value::Null, |number| json!(number)),
        "boolean" => value.as_bool().map_or(Value::Null, |truth| json!(truth)),
        "date" => match value.as_str().map(age::parsed) {
            Some(Some(_)) => json!(age::since(value, now)),
            Some(None) => json!("<invalid>"),
            None => Value::Null,
        },
        _ => match value {
            Value::Null => Value::Null,
            Value::String(text) => json!(text),
            other => json!(other.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(path: &str, kind: &str) -> Value {
        let object = json!({
            "metadata": { "labels": { "a.b/c": "d" } },
            "spec": { "size": 3, "big": true, "note": "n", "list": [1, 2], "since": "1970-01-01T00:00:00Z" },
            "status": { "conditions": [
                { "type": "Other", "status": "False" }, { "type": "Ready", "status": "True" },
            ] },
        });
        Path::parse(path, kind)
            .cell(&object, SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(60))
    }

    #[test]
    fn a_column_shows_what_its_path_finds() {
        assert_eq!(cell(".spec.size", "integer"), 3);
        assert_eq!(cell(".spec.note", "string"), "n");
        assert_eq!(cell("$.spec.big", "boolean"), true);
        assert_eq!(cell(".spec.since", "date"), "60s");
        assert_eq!(cell(".spec.list[1]", "integer"), 2);
        assert_eq!(cell(".spec.list", "string"), "[1,2]");
        assert_eq!(cell(r#".status.conditions[?(@.type=="Ready")].status"#, "string"), "True");
        assert_eq!(cell(".status.conditions[*].type", "string"), "Other");
        assert_eq!(cell(r".metadata.labels.a\.b/c", "string"), "d");
        assert_eq!(cell(".metadata.labels['a.b/c']", "string"), "d");
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_not_shown() {
        assert_eq!(cell(".spec.none", "string"), Value::Null);
        assert_eq!(cell(".spec.note", "integer"), Value::Null);
        assert_eq!(cell(".spec.size", "date"), Value::Null);
        assert_eq!(cell(".spec.note", "date"), "<invalid>");
        assert_eq!(cell(".spec.list[?(@ > 1)]", "integer"), Value::Null);
        assert_eq!(cell(".spec.list[1", "integer"), Value::Null);
    }
}
