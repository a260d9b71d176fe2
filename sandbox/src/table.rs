//! Objects as people read them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::kinds::Kind;
use crate::query::Query;
use crate::status::Status;

/// The table of these objects. `metadata` is of the list, `version` is of `meta.k8s.io`.
///
/// Of a watch, only the first has its columns described.
#[expect(clippy::unnecessary_wraps, reason = "a parameter of the query can be wrong")]
pub(crate) fn table(
    _kind: &Kind,
    objects: &[Arc<Value>],
    metadata: &Value,
    version: &str,
    _query: &Query,
    is_first: bool,
) -> Result<Value, Status> {
    let columns = json!([
        { "name": "Name", "type": "string", "format": "name", "description": "", "priority": 0 },
        { "name": "Created At", "type": "date", "format": "", "description": "", "priority": 0 },
    ]);
    let row = |object: &Arc<Value>| {
        let metadata = &object["metadata"];
        json!({
            "cells": [metadata["name"], metadata["creationTimestamp"]],
            "object": {
                "kind": "PartialObjectMetadata", "apiVersion": format!("meta.k8s.io/{version}"),
                "metadata": metadata,
            },
        })
    };
    Ok(json!({
        "kind": "Table", "apiVersion": format!("meta.k8s.io/{version}"), "metadata": metadata,
        "columnDefinitions": if is_first { columns } else { json!([]) },
        "rows": objects.iter().map(row).collect::<Vec<_>>(),
    }))
}
