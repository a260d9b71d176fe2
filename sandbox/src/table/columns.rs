//! Which columns a kind has.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::cell::text;
use super::{age, core, custom, events, nodes, others, pods, workloads};
use crate::kinds::Kind;

/// The cell of an object, as of a time.
type Cell = fn(&Value, SystemTime) -> Value;

pub(super) struct Column {
    name: String,
    kind: String,
    format: &'static str,
    description: String,
    /// 0 is always shown, 1 with `-o wide`.
    priority: i64,
    cell: Content,
}

enum Content {
    Computed(Cell),
    /// A path into a custom object.
    Found(custom::Path),
}

impl Column {
    pub(super) fn text(name: &str, cell: Cell) -> Self {
        Self::of("string", name, cell)
    }

    pub(super) fn integer(name: &str, cell: Cell) -> Self {
        Self::of("integer", name, cell)
    }

    pub(super) fn of(kind: &str, name: &str, cell: Cell) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            format: "",
            description: String::new(),
            priority: 0,
            cell: Content::Computed(cell),
        }
    }

    /// As a definition of custom kinds tells it.
    pub(super) fn found(definition: &Value) -> Self {
        let path = text(&definition["jsonPath"]);
        let told = definition["description"].as_str().map(str::to_owned);
        let kind = text(&definition["type"]).to_owned();
        Self {
            name: text(&definition["name"]).to_owned(),
            format: "",
            description: told.unwrap_or_else(|| {
                format!("Custom resource definition column (in JSONPath format): {path}")
            }),
            priority: definition["priority"].as_i64().unwrap_or(0),
            cell: Content::Found(custom::Path::parse(path, &kind)),
            kind,
        }
    }

    pub(super) fn wide(self) -> Self {
        Self { priority: 1, ..self }
    }

    pub(super) fn definition(&self) -> Value {
        json!({
            "name": self.name, "type": self.kind, "format": self.format,
            "description": self.description, "priority": self.priority,
        })
    }

    pub(super) fn cell(&self, object: &Value, now: SystemTime) -> Value {
        match &self.cell {
            Content::Computed(cell) => cell(object, now),
            Content::Found(path) => path.cell(object, now),
        }
    }
}

pub(super) fn name() -> Column {
    let name = Column::text("Name", |object, _| json!(text(&object["metadata"]["name"])));
    Column { format: "name", ..name }
}

pub(super) fn age() -> Column {
    Column::text("Age", created)
}

/// When an object was created, as an age.
fn created(object: &Value, now: SystemTime) -> Value {
    json!(age::since(&object["metadata"]["creationTimestamp"], now))
}

/// Kinds that nobody wrote columns for say when they were created.
pub(super) fn created_at() -> Column {
    Column::of("date", "Created At", |object, _| object["metadata"]["creationTimestamp"].clone())
}

pub(super) fn columns(kind: &Kind) -> Vec<Column> {
    if kind.is_custom {
        return custom::columns(&kind.printer_columns, created);
    }
    let behind = match (kind.group.as_str(), kind.plural.as_str()) {
        ("" | "events.k8s.io", "events") => return events::columns(),
        ("", "nodes") => nodes::columns(),
        ("", "pods") => pods::columns(),
        ("", plural) => core::columns(plural),
        ("apps" | "batch", plural) => workloads::columns(plural),
        (_, plural) => others::columns(plural),
    };
    std::iter::once(name()).chain(behind).collect()
}
