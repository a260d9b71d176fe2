use serde_json::json;

use super::*;

/// Objects by their paths.
#[derive(Default)]
struct Objects(Vec<(String, Value)>);

impl Objects {
    fn with(mut self, path: &str, object: Value) -> Self {
        self.0.push((path.to_owned(), object));
        self
    }
}

impl Roles for Objects {
    fn role(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let path = format!("{plural}/{namespace}/{name}");
        self.0.iter().find(|(at, _)| *at == path).map(|(_, object)| object.clone())
    }

    fn bindings(&self, plural: &str, namespace: &str) -> Vec<Value> {
        let prefix = format!("{plural}/{namespace}/");
        self.0.iter().filter(|(at, _)| at.starts_with(&prefix)).map(|(_, it)| it.clone()).collect()
    }
}

fn reader() -> Value {
    json!({ "rules": [{ "verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"] }] })
}

fn binding(namespace: &str, role_kind: &str, subject: &Value) -> Value {
    json!({
        "metadata": { "name": "readers", "namespace": namespace },
        "subjects": [subject], "roleRef": { "kind": role_kind, "name": "reader" },
    })
}

fn get(namespace: &str) -> Attributes {
    Attributes::Resource(ResourceAttributes {
        verb: "get".to_owned(),
        resource: "configmaps".to_owned(),
        namespace: namespace.to_owned(),
        name: "app".to_owned(),
        ..ResourceAttributes::default()
    })
}

fn user(name: &str) -> Value {
    json!({ "kind": "User", "name": name })
}

#[test]
fn a_role_binding_allows_in_its_namespace_alone() {
    let objects = Objects::default()
        .with("roles/ci/reader", reader())
        .with("rolebindings/ci/readers", binding("ci", "Role", &user("bob")));
    let bob = User::new("bob", &[]);

    let decision = decide(&objects, &bob, &get("ci"));

    assert!(decision.allowed);
    assert_eq!(
        decision.reason,
        r#"RBAC: allowed by RoleBinding "readers/ci" of Role "reader" to User "bob""#
    );
    assert!(!decide(&objects, &bob, &get("default")).allowed);
    assert!(!decide(&objects, &bob, &get("")).allowed);
    assert!(!decide(&objects, &User::new("alice", &[]), &get("ci")).allowed);
}

#[test]
fn a_cluster_role_is_bound_in_a_namespace_or_everywhere() {
    let local = Objects::default()
        .with("clusterroles//reader", reader())
        .with("rolebindings/ci/readers", binding("ci", "ClusterRole", &user("bob")));
    let wide = Objects::default()
        .with("clusterroles//reader", reader())
        .with("clusterrolebindings//readers", binding("", "ClusterRole", &user("bob")));
    let bob = User::new("bob", &[]);

    assert!(decide(&local, &bob, &get("ci")).allowed);
    assert!(!decide(&local, &bob, &get("default")).allowed);
    assert!(decide(&wide, &bob, &get("default")).allowed);
    assert!(decide(&wide, &bob, &get("")).allowed);
}

#[test]
fn subjects_are_users_groups_and_service_accounts() {
    let may = |subject: Value, user: &User| {
        let objects = Objects::default()
            .with("roles/ci/reader", reader())
            .with("rolebindings/ci/readers", binding("ci", "Role", &subject));
        decide(&objects, user, &get("ci")).allowed
    };
    let runner = User::new("system:serviceaccount:ci:runner", &[]);

    assert!(may(json!({ "kind": "Group", "name": "team" }), &User::new("bob", &["team"])));
    assert!(!may(json!({ "kind": "Group", "name": "team" }), &User::new("team", &[])));
    assert!(may(json!({ "kind": "ServiceAccount", "name": "runner" }), &runner));
    assert!(may(json!({ "kind": "Group", "name": "system:serviceaccounts:ci" }), &runner));
    let elsewhere = json!({ "kind": "ServiceAccount", "name": "runner", "namespace": "other" });
    assert!(!may(elsewhere, &runner));
    assert!(!may(json!({ "kind": "Robot", "name": "bob" }), &User::new("bob", &[])));
}

#[test]
fn a_binding_to_a_role_that_is_missing_allows_nothing_and_says_so() {
    let objects =
        Objects::default().with("rolebindings/ci/readers", binding("ci", "Role", &user("bob")));

    let refusal = permitted(&objects, &User::new("bob", &[]), &get("ci")).unwrap_err();

    let end = r#"in the namespace "ci": RBAC: role.rbac.authorization.k8s.io "reader" not found"#;
    assert!(refusal.message().ends_with(end), "{}", refusal.message());
}

#[test]
fn the_administrator_may_without_any_role() {
    assert!(decide(&Objects::default(), &User::administrator(), &get("ci")).allowed);
}
