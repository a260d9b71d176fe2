//! Events by their fields.

use form_urlencoded::byte_serialize;
use serde_json::{Value, json};

use super::{both, create_core, create_new};
use crate::stage::{Answer, Stage};

cases![
    each_version_selects_by_its_own_names,
    names_of_the_other_version_cannot_be_selected_by,
    a_source_is_selected_by_who_reported_where_nobody_else_is_named,
];

/// The names of what a field selector selects.
async fn selected(stage: &Stage, path: &str, selector: &str) -> String {
    let list = select(stage, path, selector).await.ok();
    let names = list["items"].as_array().unwrap().iter().map(|item| &item["metadata"]["name"]);
    names.map(|name| name.as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

async fn select(stage: &Stage, path: &str, selector: &str) -> Answer {
    let selector: String = byte_serialize(selector.as_bytes()).collect();
    stage.get(&format!("{path}?fieldSelector={selector}")).await
}

async fn each_version_selects_by_its_own_names(stage: &Stage) {
    let other = json!({
        "kind": "Lease", "namespace": stage.namespace(), "name": "lock", "uid": "u",
        "apiVersion": "a/v1", "resourceVersion": "7", "fieldPath": "spec.x",
    });
    let fields = json!({ "involvedObject": other, "reason": "Old", "reportingComponent": "it" });
    create_core(stage, "a", fields).await;
    create_new(stage, "b", json!({})).await;
    let parts = [
        ("kind=Lease", "a"),
        ("kind!=Lease", "b"),
        ("namespace=elsewhere", ""),
        ("name=app", "b"),
        ("uid=u", "a"),
        ("apiVersion=a/v1", "a"),
        ("resourceVersion=7", "a"),
        ("fieldPath=spec.x", "a"),
        ("fieldPath=", "b"),
    ];
    let [core, new] = both(stage, "");
    for (path, about, reporter) in [
        (&core, "involvedObject", "reportingComponent"),
        (&new, "regarding", "reportingController"),
    ] {
        for (part, names) in parts {
            let selector = format!("{about}.{part}");
            assert_eq!(selected(stage, path, &selector).await, names, "{selector}");
        }
        assert_eq!(selected(stage, path, &format!("{reporter}=it")).await, "a");
        assert_eq!(selected(stage, path, "reason=Because").await, "b");
        assert_eq!(selected(stage, path, "type=Normal,metadata.name!=b").await, "");
        assert_eq!(selected(stage, path, "type=").await, "a");
        let watch = format!("{path}?fieldSelector={about}.name%3Dapp");
        assert_eq!(stage.watch(&watch).await.words().await, "ADDED b");
    }
}

async fn names_of_the_other_version_cannot_be_selected_by(stage: &Stage) {
    let [core, new] = both(stage, "");
    for (path, field) in [
        (&core, "regarding.name"),
        (&core, "reportingController"),
        (&core, "involvedObject"),
        (&core, "involvedObject.other"),
        (&core, "message"),
        (&new, "involvedObject.name"),
        (&new, "reportingComponent"),
        (&new, "source"),
        (&new, "deprecatedSource"),
        (&new, "action"),
    ] {
        let message = format!("field label not supported: {field}");
        let answer = select(stage, path, &format!("{field}=x")).await;
        answer.refused(400, "BadRequest", &message, Value::Null);
    }
}

async fn a_source_is_selected_by_who_reported_where_nobody_else_is_named(stage: &Stage) {
    let named = json!({ "source": { "component": "it" }, "reportingComponent": "me" });
    create_core(stage, "a", named).await;
    create_core(stage, "b", json!({ "reportingComponent": "me" })).await;
    assert_eq!(selected(stage, "events", "source=it").await, "a");
    assert_eq!(selected(stage, "events", "source=me").await, "b");
    assert_eq!(selected(stage, "events", "source!=me").await, "a");
}
