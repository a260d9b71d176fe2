//! The old form: a list for each group and each version.

use serde_json::{Value, json};

use super::groups::{Group, Groups, Resource, Version};

/// `/api`.
pub(super) fn core(host: &str) -> Value {
    let reach = json!([{ "clientCIDR": "0.0.0.0/0", "serverAddress": host }]);
    json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": reach })
}

/// `/apis`.
pub(super) fn groups(groups: &Groups) -> Value {
    let groups: Vec<Value> = groups.named().map(entry).collect();
    json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
}

/// `/apis/GROUP`.
pub(super) fn group(group: &Group) -> Value {
    let mut told = entry(group);
    told["kind"] = json!("APIGroup");
    told["apiVersion"] = json!("v1");
    told
}

fn entry(group: &Group) -> Value {
    let version = |it: &Version| json!({ "groupVersion": it.api_version(), "version": it.name });
    let versions: Vec<Value> = group.versions.iter().map(version).collect();
    json!({ "name": group.name, "versions": versions, "preferredVersion": versions.first() })
}

/// `/api/v1`, `/apis/GROUP/VERSION`.
pub(super) fn version(version: &Version) -> Value {
    let resources: Vec<Value> = version.resources.iter().flat_map(resources).collect();
    let mut told = json!({
        "kind": "APIResourceList", "groupVersion": version.api_version(), "resources": resources,
    });
    if !version.group.is_empty() {
        told["apiVersion"] = json!("v1");
    }
    told
}

/// Itself, and its subresources.
fn resources(resource: &Resource) -> Vec<Value> {
    let mut own = json!({
        "name": resource.plural, "singularName": resource.singular,
        "namespaced": resource.namespaced, "kind": resource.kind, "verbs": resource.verbs,
    });
    for (field, names) in
        [("shortNames", &resource.short_names), ("categories", &resource.categories)]
    {
        if !names.is_empty() {
            own[field] = json!(names);
        }
    }
    let status = resource.has_status.then(|| {
        json!({
            "name": format!("{}/status", resource.plural), "singularName": "",
            "namespaced": resource.namespaced, "kind": resource.kind,
            "verbs": ["get", "patch", "update"],
        })
    });
    std::iter::once(own).chain(status).collect()
}

/// `/`.
pub(super) fn root_paths(groups: &Groups) -> Value {
    let mut paths: Vec<String> =
        ["/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]
            .map(str::to_owned)
            .into();
    paths.extend(groups.named().map(|group| format!("/apis/{}", group.name)));
    paths.extend(groups.versions().map(|version| format!("/{}", version.path())));
    paths.sort();
    json!({ "paths": paths })
}
