use serde_json::{Value, json};

/// Resources by the groups that serve them; those of a namespace first, then the cluster's.
const GROUPS: [(&str, &[&str], &[&str]); 5] = [
    (
        "v1",
        &[
            "configmaps",
            "events",
            "secrets",
            "pods",
            "resourcequotas",
            "serviceaccounts",
            "services",
        ],
        &["namespaces", "nodes"],
    ),
    ("apps/v1", &["deployments"], &[]),
    ("coordination.k8s.io/v1", &["leases"], &[]),
    ("rbac.authorization.k8s.io/v1", &["roles", "rolebindings"], &["clusterroles"]),
    ("kubelock-test.example.org/v1", &["widgets"], &["gadgets"]),
];

const KINDS: [(&str, &str); 15] = [
    ("clusterroles", "ClusterRole"),
    ("configmaps", "ConfigMap"),
    ("deployments", "Deployment"),
    ("events", "Event"),
    ("gadgets", "Gadget"),
    ("leases", "Lease"),
    ("namespaces", "Namespace"),
    ("nodes", "Node"),
    ("pods", "Pod"),
    ("resourcequotas", "ResourceQuota"),
    ("rolebindings", "RoleBinding"),
    ("roles", "Role"),
    ("secrets", "Secret"),
    ("serviceaccounts", "ServiceAccount"),
    ("widgets", "Widget"),
];

/// The path of `configmaps/app`, or the same path if it is one already.
pub fn path(what: &str, namespace: &str) -> String {
    if what.starts_with('/') {
        return what.to_owned();
    }
    let resource = what.split(['/', '?']).next().unwrap_or_default();
    let (api_version, is_namespaced) = served(resource);
    let root = if api_version.contains('/') { "/apis" } else { "/api" };
    let scope = if is_namespaced { format!("namespaces/{namespace}/") } else { String::new() };
    format!("{root}/{api_version}/{scope}{what}")
}

fn served(resource: &str) -> (&'static str, bool) {
    let group = GROUPS.iter().find(|(_, namespaced, of_cluster)| {
        namespaced.contains(&resource) || of_cluster.contains(&resource)
    });
    let (api_version, namespaced, _) = group.expect(resource);
    (api_version, namespaced.contains(&resource))
}

/// An object of this resource with these fields, and the others that it needs.
pub fn object(resource: &str, fields: Value) -> Value {
    let (_, kind) = KINDS.iter().find(|(plural, _)| *plural == resource).expect(resource);
    let (api_version, _) = served(resource);
    let mut object = json!({ "apiVersion": api_version, "kind": kind });
    if *kind == "Deployment" {
        object["spec"] = deployment_spec();
    }
    let Value::Object(fields) = fields else { panic!("{fields} is no object") };
    for (name, value) in fields {
        object[name] = value;
    }
    object
}

fn deployment_spec() -> Value {
    let labels = json!({ "app": "app" });
    json!({
        "selector": { "matchLabels": labels },
        "template": {
            "metadata": { "labels": labels },
            "spec": { "containers": [{ "name": "app", "image": "app" }] },
        },
    })
}
