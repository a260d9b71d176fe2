//! Questions about access: of oneself, and of others.

use serde_json::{Value, json};

use crate::stage::{Answer, Stage};

cases![
    the_administrator_may_do_everything,
    the_answer_to_a_question_is_the_question_with_a_status,
    a_path_may_be_asked_about,
    a_question_is_about_one_thing,
    who_may_asks_about_others,
    who_may_not_does_not,
    a_question_about_others_names_somebody,
    a_local_question_is_about_its_namespace,
    all_that_one_may_do_is_listed,
    a_list_of_rules_is_of_a_namespace,
    one_is_who_one_acts_as,
    one_is_who_one_acts_as_whatever_letters_that_takes,
    a_service_account_is_in_its_groups,
    nobody_acts_as_a_group_alone,
    a_question_of_another_kind_is_refused,
    a_review_is_not_kept,
];

fn at(kind: &str) -> String {
    let plural = format!("{}s", kind.to_lowercase());
    let group = if kind == "SelfSubjectReview" { "authentication" } else { "authorization" };
    format!("/apis/{group}.k8s.io/v1/{plural}")
}

async fn asked_as(stage: &Stage, user: &str, kind: &str, spec: Value) -> Answer {
    let group = if kind == "SelfSubjectReview" { "authentication" } else { "authorization" };
    let review = json!({ "apiVersion": format!("{group}.k8s.io/v1"), "kind": kind, "spec": spec });
    let question = stage.ask("POST", &at(kind)).json(&review);
    if user.is_empty() { question.send().await } else { question.by_user(user).send().await }
}

async fn asked(stage: &Stage, kind: &str, spec: Value) -> Answer {
    asked_as(stage, "", kind, spec).await
}

fn to_get_configmaps(stage: &Stage) -> Value {
    json!({ "namespace": stage.namespace(), "verb": "get", "resource": "configmaps" })
}

#[track_caller]
fn is_invalid(answer: &Answer, field: &str, message: &str) {
    let cause = json!({ "reason": "FieldValueInvalid", "message": message, "field": field });
    answer.refused(
        422,
        "Invalid",
        &format!(".authorization.k8s.io \"\" is invalid: {field}: {message}"),
        json!({ "group": "authorization.k8s.io", "causes": [cause] }),
    );
}

async fn the_administrator_may_do_everything(stage: &Stage) {
    let spec = json!({ "resourceAttributes": to_get_configmaps(stage) });
    let answer = asked(stage, "SelfSubjectAccessReview", spec).await.created();
    assert_eq!(answer["status"], json!({ "allowed": true }));
}

async fn the_answer_to_a_question_is_the_question_with_a_status(stage: &Stage) {
    let spec = json!({ "resourceAttributes": to_get_configmaps(stage) });
    let mut answer =
        asked_as(stage, "bob", "SelfSubjectAccessReview", spec.clone()).await.created();
    answer["metadata"].as_object_mut().unwrap().remove("managedFields");
    assert_eq!(
        answer,
        json!({
            "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
            "metadata": {}, "spec": spec, "status": { "allowed": false },
        })
    );
}

async fn a_path_may_be_asked_about(stage: &Stage) {
    let spec = json!({ "nonResourceAttributes": { "path": "/apis/apps", "verb": "get" } });
    let answer = asked_as(stage, "bob", "SelfSubjectAccessReview", spec).await.created();
    let reason = "RBAC: allowed by ClusterRoleBinding \"system:discovery\" of ClusterRole \
                  \"system:discovery\" to Group \"system:authenticated\"";
    assert_eq!(answer["status"], json!({ "allowed": true, "reason": reason }));
    let spec = json!({ "nonResourceAttributes": { "path": "/metrics", "verb": "get" } });
    let answer = asked_as(stage, "bob", "SelfSubjectAccessReview", spec).await.created();
    assert_eq!(answer["status"]["allowed"], false);
}

async fn a_question_is_about_one_thing(stage: &Stage) {
    let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    let neither = asked(stage, "SelfSubjectAccessReview", json!({})).await;
    is_invalid(&neither, "spec", &format!("Invalid value: null: {why}"));
    let both = json!({
        "resourceAttributes": to_get_configmaps(stage),
        "nonResourceAttributes": { "path": "/v", "verb": "get" },
    });
    let both = asked(stage, "SelfSubjectAccessReview", both).await;
    let value = r#"{"Path":"/v","Verb":"get"}"#;
    is_invalid(&both, "spec", &format!("Invalid value: {value}: {why}"));
}

async fn who_may_asks_about_others(stage: &Stage) {
    let about = |who: Value| {
        let mut spec = json!({ "resourceAttributes": to_get_configmaps(stage) });
        spec.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        asked(stage, "SubjectAccessReview", spec)
    };
    let bob = about(json!({ "user": "bob", "groups": ["team"] })).await.created();
    assert_eq!(bob["status"], json!({ "allowed": false }));
    let masters = about(json!({ "groups": ["system:masters"] })).await.created();
    assert_eq!(masters["status"], json!({ "allowed": true }));
}

async fn who_may_not_does_not(stage: &Stage) {
    let spec = json!({ "resourceAttributes": to_get_configmaps(stage), "user": "alice" });
    asked_as(stage, "bob", "SubjectAccessReview", spec).await.refused(
        403,
        "Forbidden",
        "subjectaccessreviews.authorization.k8s.io is forbidden: User \"bob\" cannot create \
         resource \"subjectaccessreviews\" in API group \"authorization.k8s.io\" at the cluster \
         scope",
        json!({ "group": "authorization.k8s.io", "kind": "subjectaccessreviews" }),
    );
}

async fn a_question_about_others_names_somebody(stage: &Stage) {
    let spec = json!({ "resourceAttributes": to_get_configmaps(stage) });
    let answer = asked(stage, "SubjectAccessReview", spec).await;
    let why = "Invalid value: \"\": at least one of user or group must be specified";
    is_invalid(&answer, "spec.user", why);
}

async fn a_local_question_is_about_its_namespace(stage: &Stage) {
    let path = format!(
        "/apis/authorization.k8s.io/v1/namespaces/{}/localsubjectaccessreviews",
        stage.namespace()
    );
    let ask = |spec: Value| {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "LocalSubjectAccessReview",
            "metadata": { "namespace": stage.namespace() }, "spec": spec,
        });
        let question = stage.ask("POST", &path).json(&review);
        question.send()
    };
    let here = json!({ "resourceAttributes": to_get_configmaps(stage), "user": "bob" });
    assert_eq!(ask(here).await.created()["status"], json!({ "allowed": false }));

    let elsewhere = json!({ "namespace": "default", "verb": "get", "resource": "configmaps" });
    let elsewhere = ask(json!({ "resourceAttributes": elsewhere, "user": "bob" })).await;
    let why = "Invalid value: \"default\": must match metadata.namespace";
    is_invalid(&elsewhere, "spec.resourceAttributes.namespace", why);

    let path = json!({ "path": "/version", "verb": "get" });
    let path = ask(json!({ "nonResourceAttributes": path, "user": "bob" })).await;
    let why = "Invalid value: {\"Path\":\"/version\",\"Verb\":\"get\"}: disallowed on this kind \
               of request";
    is_invalid(&path, "spec.nonResourceAttributes", why);
}

async fn all_that_one_may_do_is_listed(stage: &Stage) {
    let spec = json!({ "namespace": stage.namespace() });
    let answer = asked_as(stage, "bob", "SelfSubjectRulesReview", spec).await.created();
    let status = &answer["status"];
    let rule = json!({
        "verbs": ["create"], "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    });
    assert!(status["resourceRules"].as_array().unwrap().contains(&rule), "{status}");
    let public = json!({
        "verbs": ["get"],
        "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"],
    });
    assert!(status["nonResourceRules"].as_array().unwrap().contains(&public), "{status}");
    assert_eq!((&status["incomplete"], &answer["spec"]), (&json!(false), &json!({})));
}

async fn a_list_of_rules_is_of_a_namespace(stage: &Stage) {
    let answer = asked(stage, "SelfSubjectRulesReview", json!({})).await;
    answer.refused(400, "BadRequest", "no namespace on request", Value::Null);
}

async fn one_is_who_one_acts_as_whatever_letters_that_takes(stage: &Stage) {
    let ask = stage.ask("POST", &at("SelfSubjectReview")).json(&json!({}));
    let answer = ask.by_user("zoë").send().await.created();
    let groups = json!(["system:authenticated"]);
    assert_eq!(answer["status"]["userInfo"], json!({ "username": "zoë", "groups": groups }));
}

async fn one_is_who_one_acts_as(stage: &Stage) {
    let ask = stage.ask("POST", &at("SelfSubjectReview")).json(&json!({}));
    let answer = ask.by_user("x").header("impersonate-group", "team").send().await.created();
    let expected = json!({ "username": "x", "groups": ["team", "system:authenticated"] });
    assert_eq!(answer["status"]["userInfo"], expected);
    assert!(answer["metadata"]["creationTimestamp"].is_string());
}

async fn a_service_account_is_in_its_groups(stage: &Stage) {
    let user = "system:serviceaccount:ci:runner";
    let answer = asked_as(stage, user, "SelfSubjectReview", Value::Null).await.created();
    let groups = ["system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"];
    assert_eq!(answer["status"]["userInfo"], json!({ "username": user, "groups": groups }));
}

async fn nobody_acts_as_a_group_alone(stage: &Stage) {
    let answer = stage.ask("GET", "/version").header("impersonate-group", "team").send().await;
    answer.refused(
        400,
        "BadRequest",
        "requested &user.DefaultInfo{Name:\"\", UID:\"\", Groups:[]string{\"team\"}, \
         Extra:map[string][]string(nil)} without impersonating a user name",
        Value::Null,
    );
}

async fn a_question_of_another_kind_is_refused(stage: &Stage) {
    let answer = stage
        .ask("POST", &at("SelfSubjectReview"))
        .json(&json!({ "apiVersion": "v1", "kind": "ConfigMap" }))
        .send()
        .await;
    answer.refused(
        400,
        "BadRequest",
        "ConfigMap in version \"v1\" cannot be handled as a SelfSubjectReview: converting \
         (v1.ConfigMap) to (authentication.SelfSubjectReview): unknown conversion",
        Value::Null,
    );
}

async fn a_review_is_not_kept(stage: &Stage) {
    let message = "the server does not allow this method on the requested resource";
    let answer = stage.get(&at("SelfSubjectReview")).await;
    answer.refused(405, "MethodNotAllowed", message, json!({}));
}
