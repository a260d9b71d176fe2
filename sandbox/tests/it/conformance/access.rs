//! Who may do what, by roles and their bindings.

use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::{Answer, Question, Stage};

cases![
    who_was_granted_nothing_is_told_what_is_missing,
    refusals_come_before_anything_else_is_looked_at,
    a_path_that_is_no_resource_is_refused_by_its_name,
    everyone_may_ask_for_the_version,
    a_role_grants_its_verbs_on_its_resources,
    a_patch_needs_no_right_to_read,
    a_name_limits_a_grant,
    a_subresource_is_granted_by_itself,
    a_group_is_granted_what_its_members_may,
    a_service_account_is_a_subject,
    a_role_of_the_cluster_may_be_bound_to_a_namespace,
    stars_grant_everything,
    without_its_binding_a_grant_is_gone,
    an_update_that_creates_needs_the_right_to_create,
    one_may_ask_what_one_may_do,
    one_may_ask_who_one_is,
];

const USER: &str = "bob";

fn patch(stage: &Stage, what: &str) -> Question {
    stage.ask("PATCH", what).json_patch("[]")
}

/// The refusal of a verb on a resource, which has its group after a dot.
#[track_caller]
fn refuses(answer: &Answer, object: &str, resource: &str, verb: &str, scope: &str) {
    let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
    let kind = plural.split('/').next().unwrap();
    let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
    let named = if object.is_empty() { qualified } else { format!("{qualified} \"{object}\"") };
    let message = format!(
        "{named} is forbidden: User \"{USER}\" cannot {verb} resource \"{plural}\" in API group \
         \"{group}\" {scope}"
    );
    let mut details = json!({ "name": object, "group": group, "kind": kind });
    details.as_object_mut().unwrap().retain(|_, value| value != "");
    answer.refused(403, "Forbidden", &message, details);
}

async fn who_was_granted_nothing_is_told_what_is_missing(stage: &Stage) {
    let here = format!("in the namespace \"{}\"", stage.namespace());
    let everywhere = "at the cluster scope";
    let group = "kubelock-test.example.org";
    for (method, what, object, resource, verb, scope) in [
        ("GET", "configmaps/app", "app", "configmaps", "get", here.as_str()),
        ("GET", "configmaps", "", "configmaps", "list", &here),
        ("GET", "configmaps?watch=1", "", "configmaps", "watch", &here),
        ("GET", "/api/v1/configmaps", "", "configmaps", "list", everywhere),
        ("POST", "configmaps", "", "configmaps", "create", &here),
        ("PUT", "configmaps/app", "app", "configmaps", "update", &here),
        ("PATCH", "configmaps/app", "app", "configmaps", "patch", &here),
        ("DELETE", "configmaps/app", "app", "configmaps", "delete", &here),
        ("DELETE", "configmaps", "", "configmaps", "deletecollection", &here),
        ("PATCH", "leases/app", "app", "leases.coordination.k8s.io", "patch", &here),
        ("PATCH", "deployments/app/status", "app", "deployments/status.apps", "patch", &here),
        ("GET", "namespaces", "", "namespaces", "list", everywhere),
        ("GET", "namespaces/other", "other", "namespaces", "get", "in the namespace \"other\""),
        ("GET", "gadgets/app", "app", &format!("gadgets.{group}"), "get", everywhere),
    ] {
        let answer = stage.ask(method, what).by_user(USER).send().await;
        refuses(&answer, object, resource, verb, scope);
    }
}

async fn refusals_come_before_anything_else_is_looked_at(stage: &Stage) {
    let here = format!("in the namespace \"{}\"", stage.namespace());
    let answer = patch(stage, "configmaps/app").body(b"nonsense").by_user(USER).send().await;
    refuses(&answer, "app", "configmaps", "patch", &here);
    let answer = stage.ask("GET", "/api/v1/namespaces/nowhere/nothings").by_user(USER).send().await;
    refuses(&answer, "", "nothings", "list", "in the namespace \"nowhere\"");
    let answer = stage.ask("GET", "configmaps?labelSelector=%28").by_user(USER).send().await;
    refuses(&answer, "", "configmaps", "list", &here);
}

async fn a_path_that_is_no_resource_is_refused_by_its_name(stage: &Stage) {
    for (method, verb) in [("GET", "get"), ("POST", "post"), ("DELETE", "delete")] {
        let answer = stage.ask(method, "/nothing").by_user(USER).send().await;
        let message = format!("forbidden: User \"{USER}\" cannot {verb} path \"/nothing\"");
        answer.refused(403, "Forbidden", &message, json!({}));
    }
}

async fn everyone_may_ask_for_the_version(stage: &Stage) {
    for path in ["/version", "/healthz", "/api", "/apis", "/api/v1"] {
        let answer = stage.ask("GET", path).by_user(USER).send().await;
        assert_eq!(answer.code, 200, "{path}: {}", answer.text());
    }
}

/// Binds these rules to this subject in the namespace.
async fn grant(stage: &Stage, subject: &Value, rules: &[Value]) {
    let role = json!({ "metadata": { "name": "role" }, "rules": rules });
    stage.create("roles", role).await;
    bind(stage, subject, "Role", "role").await;
}

async fn bind(stage: &Stage, subject: &Value, kind: &str, name: &str) {
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name });
    let binding =
        json!({ "metadata": { "name": "binding" }, "subjects": [subject], "roleRef": role });
    stage.create("rolebindings", binding).await;
}

fn user() -> Value {
    json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER })
}

fn rule(group: &str, resource: &str, verbs: &[&str]) -> Value {
    json!({ "apiGroups": [group], "resources": [resource], "verbs": verbs })
}

/// The real server learns of a new role or binding a moment later.
async fn until(code_is: impl Fn(u16) -> bool, question: impl Fn() -> Question) -> Answer {
    for _ in 0..500 {
        let answer = question().send().await;
        if code_is(answer.code) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("still not: {}", question().send().await.text())
}

pub async fn until_allowed(question: impl Fn() -> Question) -> Answer {
    until(|code| code != 403, question).await
}

async fn a_role_grants_its_verbs_on_its_resources(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    stage.create_named("leases/app").await;
    grant(stage, &user(), &[rule("", "configmaps", &["get", "patch"])]).await;
    until_allowed(|| stage.ask("GET", "configmaps/app").by_user(USER)).await.ok();
    patch(stage, "configmaps/app").by_user(USER).send().await.ok();
    for (method, what) in [
        ("GET", "configmaps"),
        ("DELETE", "configmaps/app"),
        ("GET", "leases/app"),
        ("GET", "/api/v1/namespaces/default/configmaps/app"),
    ] {
        let answer = stage.ask(method, what).by_user(USER).send().await;
        assert_eq!(answer.code, 403, "{method} {what}");
    }
}

async fn a_patch_needs_no_right_to_read(stage: &Stage) {
    let app = stage.create_named("configmaps/app").await;
    grant(stage, &user(), &[rule("", "configmaps", &["patch"])]).await;
    let answer = until_allowed(|| patch(stage, "configmaps/app").by_user(USER)).await;
    assert_eq!(answer.ok(), app);
}

async fn a_name_limits_a_grant(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    stage.create_named("configmaps/other").await;
    let mut named = rule("", "configmaps", &["get", "list"]);
    named["resourceNames"] = json!(["app"]);
    grant(stage, &user(), &[named]).await;
    until_allowed(|| stage.ask("GET", "configmaps/app").by_user(USER)).await.ok();
    for what in ["configmaps/other", "configmaps"] {
        assert_eq!(stage.ask("GET", what).by_user(USER).send().await.code, 403, "{what}");
    }
    let one = "configmaps?fieldSelector=metadata.name%3Dapp";
    stage.ask("GET", one).by_user(USER).send().await.ok();
}

async fn a_subresource_is_granted_by_itself(stage: &Stage) {
    stage.create_named("widgets/app").await;
    let rule = rule("kubelock-test.example.org", "widgets/status", &["patch"]);
    grant(stage, &user(), &[rule]).await;
    until_allowed(|| patch(stage, "widgets/app/status").by_user(USER)).await.ok();
    assert_eq!(patch(stage, "widgets/app").by_user(USER).send().await.code, 403);
}

async fn a_group_is_granted_what_its_members_may(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let group = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "team" });
    grant(stage, &group, &[rule("", "configmaps", &["get"])]).await;
    let ask = || stage.ask("GET", "configmaps/app").by_user(USER);
    until_allowed(|| ask().header("impersonate-group", "team")).await.ok();
    assert_eq!(ask().header("impersonate-group", "others").send().await.code, 403);
    assert_eq!(ask().send().await.code, 403);
}

async fn a_service_account_is_a_subject(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let namespace = stage.namespace();
    let account = json!({ "kind": "ServiceAccount", "name": "robot", "namespace": namespace });
    grant(stage, &account, &[rule("", "configmaps", &["get"])]).await;
    let name = format!("system:serviceaccount:{namespace}:robot");
    until_allowed(|| stage.ask("GET", "configmaps/app").by_user(&name)).await.ok();
    let other = "system:serviceaccount:default:robot";
    assert_eq!(stage.ask("GET", "configmaps/app").by_user(other).send().await.code, 403);
}

async fn a_role_of_the_cluster_may_be_bound_to_a_namespace(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let role = json!({
        "metadata": { "name": stage.namespace() },
        "rules": [rule("", "configmaps", &["get"])],
    });
    stage.create("clusterroles", role).await;
    bind(stage, &user(), "ClusterRole", stage.namespace()).await;
    until_allowed(|| stage.ask("GET", "configmaps/app").by_user(USER)).await.ok();
    let elsewhere = "/api/v1/namespaces/default/configmaps/app";
    assert_eq!(stage.ask("GET", elsewhere).by_user(USER).send().await.code, 403);
}

async fn stars_grant_everything(stage: &Stage) {
    stage.create_named("widgets/app").await;
    grant(stage, &user(), &[rule("*", "*", &["*"])]).await;
    until_allowed(|| patch(stage, "widgets/app/status").by_user(USER)).await.ok();
    stage.ask("DELETE", "widgets/app").by_user(USER).send().await.ok();
    stage.ask("GET", "leases").by_user(USER).send().await.ok();
}

async fn without_its_binding_a_grant_is_gone(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    grant(stage, &user(), &[rule("", "configmaps", &["get"])]).await;
    let ask = || stage.ask("GET", "configmaps/app").by_user(USER);
    until_allowed(ask).await.ok();
    stage.delete("rolebindings/binding").await.ok();
    until(|code| code == 403, ask).await;
}

async fn an_update_that_creates_needs_the_right_to_create(stage: &Stage) {
    let lease = crate::stage::object("leases", json!({ "metadata": { "name": "app" } }));
    let put = || stage.ask("PUT", "leases/app").json(&lease).by_user(USER);
    grant(stage, &user(), &[rule("coordination.k8s.io", "leases", &["get", "update"])]).await;
    until_allowed(|| stage.ask("GET", "leases/app").by_user(USER)).await;
    let here = format!("in the namespace \"{}\"", stage.namespace());
    refuses(&put().send().await, "app", "leases.coordination.k8s.io", "create", &here);
    let created = stage.create_named("leases/app").await;
    let answer = stage.ask("PUT", "leases/app").json(&created).by_user(USER).send().await;
    assert_eq!(answer.ok(), created);
}

async fn review(stage: &Stage, attributes: Value) -> Value {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": attributes },
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let answer = stage.ask("POST", path).json(&review).by_user(USER).send().await;
    answer.created()["status"].take()
}

async fn one_may_ask_what_one_may_do(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    grant(stage, &user(), &[rule("", "configmaps", &["patch"])]).await;
    until_allowed(|| patch(stage, "configmaps/app").by_user(USER)).await.ok();
    let namespace = stage.namespace();
    let may = json!({ "verb": "patch", "resource": "configmaps", "namespace": namespace });
    assert_eq!(review(stage, may).await["allowed"], true);
    let may_not = json!({ "verb": "get", "resource": "configmaps", "namespace": namespace });
    assert_eq!(review(stage, may_not).await, json!({ "allowed": false }));
}

async fn one_may_ask_who_one_is(stage: &Stage) {
    let review = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let answer = stage.ask("POST", path).json(&review).by_user(USER).send().await.created();
    let expected = json!({ "username": USER, "groups": ["system:authenticated"] });
    assert_eq!(answer["status"]["userInfo"], expected);
}
