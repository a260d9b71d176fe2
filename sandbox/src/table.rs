//! Objects as the rows of a table: what `kubectl get` prints.
//!
//! The cells are those of `pkg/printers/internalversion` of Kubernetes. Columns have no
//! descriptions, but for those of custom kinds.

mod age;
mod cell;
mod columns;
mod core;
mod custom;
mod events;
mod nodes;
mod others;
mod pods;
mod workloads;

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::kinds::Kind;
use crate::status::Status;
use columns::{Column, columns};

/// What a row carries beside its cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Include {
    #[default]
    Metadata,
    Object,
    Nothing,
}

impl Include {
    /// Of the parameter `includeObject`.
    pub(crate) fn parse(parameter: &str) -> Result<Self, Status> {
        match parameter {
            "" | "Metadata" => Ok(Self::Metadata),
            "Object" => Ok(Self::Object),
            "None" => Ok(Self::Nothing),
            other => Err(Status::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: \
                 must be 'Metadata', 'Object', 'None', or empty"
            ))),
        }
    }
}

/// How a table is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form<'a> {
    pub(crate) kind: &'a Kind,
    /// `v1` or `v1beta1` of `meta.k8s.io`.
    pub(crate) version: &'a str,
    pub(crate) include: Include,
    /// Ages are told as of then.
    pub(crate) now: SystemTime,
}

impl Form<'_> {
    /// These objects, with the metadata of their list.
    pub(crate) fn list(&self, objects: &[Arc<Value>], metadata: &Value) -> Value {
        let columns = columns(self.kind);
        let definitions: Vec<Value> = columns.iter().map(Column::definition).collect();
        self.table(&json!(definitions), &columns, objects, metadata)
    }

    /// One object. Of a watch, the first event tells the columns, and no other.
    pub(crate) fn event(&self, object: &Arc<Value>, is_first: bool) -> Value {
        let metadata = json!({ "resourceVersion": object["metadata"]["resourceVersion"] });
        let objects = std::slice::from_ref(object);
        if is_first {
            return self.list(objects, &metadata);
        }
        self.table(&Value::Null, &columns(self.kind), objects, &metadata)
    }

    fn table(
        &self,
        definitions: &Value,
        columns: &[Column],
        objects: &[Arc<Value>],
        metadata: &Value,
    ) -> Value {
        let rows: Vec<Value> = objects.iter().map(|object| self.row(columns, object)).collect();
        json!({
            "kind": "Table", "apiVersion": format!("meta.k8s.io/{}", self.version),
            "metadata": metadata, "columnDefinitions": definitions, "rows": rows,
        })
    }

    fn row(&self, columns: &[Column], object: &Value) -> Value {
        let cells: Vec<Value> =
            columns.iter().map(|column| column.cell(object, self.now)).collect();
        let included = match self.include {
            Include::Nothing => Value::Null,
            Include::Object => object.clone(),
            Include::Metadata => json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": format!("meta.k8s.io/{}", self.version),
                "metadata": object["metadata"],
            }),
        };
        let mut row = json!({ "cells": cells, "object": included });
        if let Some(end) = pods::end(self.kind, object) {
            row["conditions"] = end;
        }
        row
    }
}
