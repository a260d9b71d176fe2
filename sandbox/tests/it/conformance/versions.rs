//! Kinds of several versions, which differ in nothing but their names.

use serde_json::json;

use crate::stage::{Defined, Stage};

cases![
    an_object_is_served_by_each_version_of_its_kind,
    an_object_is_written_by_whatever_version,
    a_body_of_the_other_version_is_refused,
];

const STORED: &str = "v1";
const OTHER: &str = "v1beta1";

async fn define(stage: &Stage) -> Defined {
    let versions = [(STORED, true), (OTHER, false)];
    let version = |(name, storage)| json!({ "name": name, "storage": storage });
    stage.define("versions.example.org", versions.map(version).to_vec()).await
}

async fn an_object_is_served_by_each_version_of_its_kind(stage: &Stage) {
    let kind = define(stage).await;
    let made = stage.post(&kind.path(STORED), &kind.object(STORED, "app")).await.created();
    let seen = stage.read(&format!("{}/app", kind.path(OTHER))).await;
    assert_eq!(seen["apiVersion"], format!("versions.example.org/{OTHER}"));
    assert_eq!(seen["metadata"]["uid"], made["metadata"]["uid"]);
    assert_eq!(seen["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"]);
    let list = stage.read(&kind.path(OTHER)).await;
    assert_eq!(list["apiVersion"], format!("versions.example.org/{OTHER}"));
    assert_eq!(list["items"][0]["metadata"]["name"], "app");
}

async fn an_object_is_written_by_whatever_version(stage: &Stage) {
    let kind = define(stage).await;
    stage.post(&kind.path(OTHER), &kind.object(OTHER, "app")).await.created();
    let [stored, other] = [STORED, OTHER].map(|version| format!("{}/app", kind.path(version)));
    let add = json!([
        { "op": "test", "path": "/metadata/annotations", "value": null },
        { "op": "add", "path": "/metadata/annotations", "value": { "a": "1" } },
    ]);
    let patched = stage.json_patch(&other, &add).await.ok();
    assert_eq!(patched["apiVersion"], format!("versions.example.org/{OTHER}"));
    let mut seen = stage.read(&stored).await;
    assert_eq!(seen["metadata"]["annotations"], json!({ "a": "1" }));
    seen["metadata"]["annotations"]["a"] = json!("2");
    stage.put(&stored, &seen).await.ok();
    assert_eq!(stage.read(&other).await["metadata"]["annotations"], json!({ "a": "2" }));
}

async fn a_body_of_the_other_version_is_refused(stage: &Stage) {
    let kind = define(stage).await;
    for said in [format!("versions.example.org/{OTHER}"), "other.example.org/v1".to_owned()] {
        let mut object = kind.object(STORED, "app");
        object["apiVersion"] = json!(said);
        let answer = stage.post(&kind.path(STORED), &object).await;
        let message = format!(
            "the API version in the data ({said}) does not match the expected API version \
             (versions.example.org/{STORED})"
        );
        answer.refused(400, "BadRequest", &message, serde_json::Value::Null);
    }
}
