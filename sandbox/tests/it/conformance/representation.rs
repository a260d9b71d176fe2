//! How objects and refusals are written: what `Accept` asks for.

use serde_json::{Value, json};

use crate::stage::Stage;

cases![over_https:
    metadata_alone_is_sent_where_that_is_asked_for,
    lists_of_metadata_alone_have_a_kind_of_their_own,
    metadata_alone_is_the_answer_of_writes_too,
    a_deletion_is_answered_by_a_status_whatever_was_asked_for,
    refusals_are_statuses_whatever_was_asked_for,
    what_is_listed_first_and_can_be_had_is_sent,
    preferences_by_weight_come_first,
    what_cannot_be_had_is_not_acceptable,
    a_list_is_no_object_and_an_object_is_no_list,
    objects_may_be_had_as_yaml,
    an_answer_is_json_on_one_line_unless_it_is_to_be_pretty,
    strings_are_escaped_as_go_does,
    every_answer_has_a_date_and_is_not_to_be_cached,
];

const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

async fn app(stage: &Stage) -> Value {
    let metadata = json!({ "name": "app", "annotations": { "a": "1" } });
    stage.create("configmaps", json!({ "metadata": metadata, "data": { "d": "1" } })).await
}

async fn metadata_alone_is_sent_where_that_is_asked_for(stage: &Stage) {
    for resource in ["configmaps", "leases", "deployments", "widgets"] {
        let what = format!("{resource}/app");
        let object = stage.create_named(&what).await;
        let answer = stage.ask("GET", &what).accept(METADATA).send().await;
        assert_eq!(answer.header("content-type"), "application/json");
        let expected = json!({
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": object["metadata"],
        });
        assert_eq!(answer.ok(), expected);
    }
}

async fn lists_of_metadata_alone_have_a_kind_of_their_own(stage: &Stage) {
    for resource in ["configmaps", "widgets"] {
        let object = stage.create_named(&format!("{resource}/app")).await;
        let list = stage.ask("GET", resource).accept(METADATA_LIST).send().await.ok();
        assert_eq!(list["kind"], "PartialObjectMetadataList");
        assert_eq!(list["apiVersion"], "meta.k8s.io/v1");
        let item = json!({
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": object["metadata"],
        });
        assert_eq!(list["items"], json!([item]));
    }
}

async fn metadata_alone_is_the_answer_of_writes_too(stage: &Stage) {
    let created = stage.ask("POST", "configmaps").accept(METADATA);
    let created = created.json(&json!({ "metadata": { "name": "app" } })).send().await.created();
    assert_eq!(created["kind"], "PartialObjectMetadata");
    let patched = stage.ask("PATCH", "configmaps/app").accept(METADATA).json_patch("[]");
    let patched = patched.send().await.ok();
    assert_eq!(patched, created);
    let updated = stage.ask("PUT", "configmaps/app").accept(METADATA);
    let updated = updated.json(&json!({ "metadata": { "name": "app" } })).send().await.ok();
    assert_eq!(updated, created);
}

async fn a_deletion_is_answered_by_a_status_whatever_was_asked_for(stage: &Stage) {
    app(stage).await;
    let accept = format!("{METADATA},application/json");
    let deleted = stage.ask("DELETE", "configmaps/app").accept(&accept).send().await.ok();
    assert_eq!(deleted["kind"], "Status");
    assert_eq!(deleted["status"], "Success");
}

async fn refusals_are_statuses_whatever_was_asked_for(stage: &Stage) {
    for accept in [METADATA, "application/json", "*/*"] {
        let answer = stage.ask("GET", "configmaps/app").accept(accept).send().await;
        answer.not_found("configmaps", "app");
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

async fn what_is_listed_first_and_can_be_had_is_sent(stage: &Stage) {
    app(stage).await;
    let unknown = "application/json;as=Nothing;g=meta.k8s.io;v=v1";
    let later = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v2";
    for (accept, kind) in [
        (format!("{METADATA},application/json"), "PartialObjectMetadata"),
        (format!("application/json,{METADATA}"), "ConfigMap"),
        (format!("{METADATA},*/*"), "PartialObjectMetadata"),
        (format!("{unknown},application/json"), "ConfigMap"),
        (format!("{unknown},{METADATA}"), "PartialObjectMetadata"),
        (format!("{later},application/json"), "ConfigMap"),
        ("text/html,*/*".into(), "ConfigMap"),
        ("application/json;stream=watch".into(), "ConfigMap"),
        ("application/json;charset=utf-8".into(), "ConfigMap"),
        (String::new(), "ConfigMap"),
    ] {
        let answer = stage.ask("GET", "configmaps/app").accept(&accept).send().await;
        assert_eq!(answer.ok()["kind"], kind, "{accept}");
    }
}

async fn preferences_by_weight_come_first(stage: &Stage) {
    app(stage).await;
    let accept = "application/json;q=0.5,application/yaml;q=0.9";
    let answer = stage.ask("GET", "configmaps/app").accept(accept).send().await;
    assert_eq!(answer.header("content-type"), "application/yaml");
}

async fn what_cannot_be_had_is_not_acceptable(stage: &Stage) {
    app(stage).await;
    let known = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    for accept in ["text/html", "application/xml", "nonsense", "application/*"] {
        let answer = stage.ask("GET", "configmaps/app").accept(accept).send().await;
        let message = format!("406: Not Acceptable\n\nAvailable representations: {known}");
        answer.refused(406, "NotAcceptable", &message, json!({}));
    }
    for accept in [
        "application/json;as=Nothing;g=meta.k8s.io;v=v1",
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v2",
        "application/json;as=PartialObjectMetadata",
    ] {
        let answer = stage.ask("GET", "configmaps/app").accept(accept).send().await;
        let message = format!("only the following media types are accepted: {known}");
        answer.refused(406, "NotAcceptable", &message, Value::Null);
    }
}

async fn a_list_is_no_object_and_an_object_is_no_list(stage: &Stage) {
    app(stage).await;
    let answer = stage.ask("GET", "configmaps/app").accept(METADATA_LIST).send().await;
    let message = "you requested PartialObjectMetadataList, but the requested object is not a list \
                   (*core.ConfigMap)";
    answer.refused(406, "NotAcceptable", message, Value::Null);
    let answer = stage.ask("GET", "configmaps").accept(METADATA).send().await;
    let message = "you requested PartialObjectMetadata, but the requested object is a list \
                   (*core.ConfigMapList)";
    answer.refused(406, "NotAcceptable", message, Value::Null);
}

async fn objects_may_be_had_as_yaml(stage: &Stage) {
    app(stage).await;
    let answer = stage.ask("GET", "configmaps/app").accept("application/yaml").send().await;
    assert_eq!(answer.header("content-type"), "application/yaml");
    let text = answer.text();
    assert!(text.starts_with("apiVersion: v1\ndata:\n  d: \"1\"\nkind: ConfigMap\n"), "{text}");
}

async fn an_answer_is_json_on_one_line_unless_it_is_to_be_pretty(stage: &Stage) {
    app(stage).await;
    let plain = stage.get("configmaps/app").await.text();
    assert!(plain.starts_with("{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{"));
    assert_eq!(plain.find('\n'), Some(plain.len() - 1));
    let pretty = stage.get("configmaps/app?pretty=true").await.text();
    assert!(pretty.starts_with("{\n  \"kind\": \"ConfigMap\",\n  \"apiVersion\": \"v1\",\n"));
}

async fn strings_are_escaped_as_go_does(stage: &Stage) {
    let value = "<&>'\"\\/ \u{e9}\u{2028}\u{2029}\u{7f}\u{1}\u{8}\u{c}\t\n\r\u{1f600}";
    let metadata = json!({ "name": "app", "annotations": { "a": value } });
    for resource in ["configmaps", "widgets"] {
        stage.create(resource, json!({ "metadata": metadata })).await;
        let text = stage.get(&format!("{resource}/app")).await.text();
        let spelt = "\"\\u003c\\u0026\\u003e'\\\"\\\\/ \u{e9}\\u2028\\u2029\u{7f}\\u0001\\b\\f\\t\\n\\r\u{1f600}\"";
        assert!(text.contains(spelt), "{text}");
    }
}

async fn every_answer_has_a_date_and_is_not_to_be_cached(stage: &Stage) {
    app(stage).await;
    for (what, code) in [("configmaps/app", 200), ("configmaps/none", 404), ("configmaps", 200)] {
        let answer = stage.get(what).await;
        assert_eq!(answer.code, code);
        assert!(answer.header("date").ends_with(" GMT"), "{what}");
        assert_eq!(answer.header("cache-control"), "no-cache, private");
    }
}
