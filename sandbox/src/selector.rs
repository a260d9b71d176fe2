//! Which objects of a collection are meant.

mod fields;
mod labels;

use serde_json::Value;

use crate::kinds::Kind;
use crate::query::Query;
use crate::status::Status;

/// Requirements on labels and on fields; all of them have to hold.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    labels: Vec<labels::Requirement>,
    fields: Vec<fields::Requirement>,
}

impl Selector {
    pub(crate) fn of(kind: &Kind, query: &Query) -> Result<Self, Status> {
        let labels = labels::parse(query.get("labelSelector").unwrap_or_default());
        let fields = fields::parse(kind, query.get("fieldSelector").unwrap_or_default());
        Ok(Self {
            labels: labels.map_err(Status::bad_request)?,
            fields: fields.map_err(Status::bad_request)?,
        })
    }

    /// The same, and of this name.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.fields.push(fields::Requirement::named(name));
        self
    }

    /// Whether it selects everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn selects(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|requirement| requirement.holds(labels))
            && self.fields.iter().all(|requirement| requirement.holds(object))
    }
}
