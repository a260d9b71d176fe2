//! As much of `OpenAPI` as kubectl looks for: whether a kind knows `fieldValidation`, so that the
//! server validates and kubectl need not. There are no schemas: `kubectl explain` finds nothing.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value, json};

use super::groups::{Groups, Resource, Version};

/// `/openapi/v3`.
pub(super) fn paths(groups: &Groups) -> Value {
    let entry = |version: &Version| {
        let path = version.path();
        let url = format!("/openapi/v3/{path}?hash={}", hash(version));
        (path, json!({ "serverRelativeURL": url }))
    };
    json!({ "paths": groups.versions().map(entry).collect::<Map<_, _>>() })
}

/// `/openapi/v3/api/v1`, `/openapi/v3/apis/GROUP/VERSION`.
pub(super) fn version(version: &Version) -> Value {
    let paths: Map<String, Value> =
        version.resources.iter().filter_map(|resource| path(version, resource)).collect();
    json!({
        "openapi": "3.0.0", "info": { "title": "Kubernetes", "version": "1.37" },
        "paths": paths, "components": {},
    })
}

fn path(version: &Version, resource: &Resource) -> Option<(String, Value)> {
    if !resource.verbs.iter().any(|verb| verb == "patch") {
        return None;
    }
    let namespaces = if resource.namespaced { "namespaces/{namespace}/" } else { "" };
    let path = format!("/{}/{namespaces}{}/{{name}}", version.path(), resource.plural);
    let parameter = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string", "uniqueItems": true } });
    let parameters: Vec<Value> =
        ["dryRun", "fieldManager", "fieldValidation"].map(parameter).into();
    let kind = json!({ "group": version.group, "version": version.name, "kind": resource.kind });
    let patch = json!({
        "parameters": parameters, "responses": { "200": { "description": "OK" } },
        "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": kind,
    });
    Some((path, json!({ "patch": patch })))
}

/// Clients keep a document for as long as its address is the same.
fn hash(of: &Version) -> String {
    let mut hasher = DefaultHasher::new();
    version(of).to_string().hash(&mut hasher);
    format!("{:016X}", hasher.finish())
}
