//! The new form: everything in one document.

use serde_json::{Value, json};

use super::groups::{Group, Groups, Resource, Version};

/// Of the core group, or of all others.
pub(super) fn list(groups: &Groups, is_core: bool) -> Value {
    let items: Vec<Value> = if is_core {
        groups.core().map(group).collect()
    } else {
        groups.named().map(group).collect()
    };
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {}, "items": items,
    })
}

fn group(group: &Group) -> Value {
    let metadata = if group.name.is_empty() { json!({}) } else { json!({ "name": group.name }) };
    let versions: Vec<Value> = group.versions.iter().map(version).collect();
    json!({ "metadata": metadata, "versions": versions })
}

fn version(version: &Version) -> Value {
    let resource = |it: &Resource| resource(version, it);
    let resources: Vec<Value> = version.resources.iter().map(resource).collect();
    json!({ "version": version.name, "resources": resources, "freshness": "Current" })
}

fn resource(version: &Version, resource: &Resource) -> Value {
    let kind = kind(version, resource);
    let mut told = json!({
        "resource": resource.plural, "responseKind": kind,
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular, "verbs": resource.verbs,
    });
    for (field, names) in
        [("shortNames", &resource.short_names), ("categories", &resource.categories)]
    {
        if !names.is_empty() {
            told[field] = json!(names);
        }
    }
    if resource.has_status {
        told["subresources"] = json!([{
            "subresource": "status", "responseKind": kind, "verbs": ["get", "patch", "update"],
        }]);
    }
    told
}

/// Only custom kinds repeat their group and version.
fn kind(version: &Version, resource: &Resource) -> Value {
    let (group, version) = match resource.is_custom {
        true => (version.group.as_str(), version.name.as_str()),
        false => ("", ""),
    };
    json!({ "group": group, "version": version, "kind": resource.kind })
}
