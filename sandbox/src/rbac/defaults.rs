//! The roles that are there from the start.

use serde_json::{Value, json};

use super::GROUP;

/// What `system:public-info-viewer` and `system:discovery` both allow.
const PUBLIC: [&str; 5] = ["/healthz", "/livez", "/readyz", "/version", "/version/"];

/// Those that matter here, and their bindings: the path of each, and the object.
pub(crate) fn objects() -> Vec<(String, Value)> {
    let everybody = &["system:authenticated"][..];
    [
        role(
            "cluster-admin",
            &["system:masters"],
            &json!([
                { "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] },
                { "verbs": ["*"], "nonResourceURLs": ["*"] },
            ]),
        ),
        role(
            "system:basic-user",
            everybody,
            &json!([
                {
                    "verbs": ["create"], "apiGroups": ["authorization.k8s.io"],
                    "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
                },
                {
                    "verbs": ["create"], "apiGroups": ["authentication.k8s.io"],
                    "resources": ["selfsubjectreviews"],
                },
            ]),
        ),
        role(
            "system:discovery",
            everybody,
            &json!([{ "verbs": ["get"], "nonResourceURLs": [
            "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*",
            "/readyz", "/version", "/version/",
        ] }]),
        ),
        role(
            "system:public-info-viewer",
            &["system:authenticated", "system:unauthenticated"],
            &json!([{ "verbs": ["get"], "nonResourceURLs": PUBLIC }]),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A cluster role and the binding of its name.
fn role(name: &str, groups: &[&str], rules: &Value) -> [(String, Value); 2] {
    let metadata = json!({
        "name": name,
        "labels": { "kubernetes.io/bootstrapping": "rbac-defaults" },
        "annotations": { "rbac.authorization.kubernetes.io/autoupdate": "true" },
    });
    let subject = |group: &&str| json!({ "kind": "Group", "apiGroup": GROUP, "name": group });
    let subjects: Vec<Value> = groups.iter().map(subject).collect();
    let at = |plural: &str| format!("/apis/{GROUP}/v1/{plural}/{name}");
    let binding = json!({
        "metadata": metadata, "subjects": subjects,
        "roleRef": { "apiGroup": GROUP, "kind": "ClusterRole", "name": name },
    });
    [
        (at("clusterroles"), json!({ "metadata": metadata, "rules": rules })),
        (at("clusterrolebindings"), binding),
    ]
}
