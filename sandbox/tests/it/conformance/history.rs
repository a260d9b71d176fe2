//! Versions that the server has forgotten.

use serde_json::{Value, json};

use crate::stage::{Heard, Stage};

cases![forgetful:
    a_watch_from_a_forgotten_version_is_told_so_by_an_event_and_ends,
    a_watch_of_metadata_is_told_so_by_a_status_too,
    a_list_goes_on_after_a_token_has_expired_with_another_token,
    a_list_of_a_forgotten_version_has_expired,
    a_watch_from_the_version_of_a_fresh_list_begins_there,
    what_is_there_is_not_forgotten,
];

async fn a_watch_from_a_forgotten_version_is_told_so_by_an_event_and_ends(stage: &Stage) {
    for resource in ["configmaps", "widgets"] {
        stage.create_named(&format!("{resource}/app")).await;
        let mut watch = stage.watch(&format!("{resource}?resourceVersion=1")).await;
        assert_eq!(watch.code, 200);
        let mut status = watch.object("ERROR").await;
        let message = status["message"].take();
        let told = "too old resource version: 1 (";
        assert!(message.as_str().unwrap().starts_with(told), "{message}");
        let expected = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": null,
            "reason": "Expired",
            "code": 410,
        });
        assert_eq!(status, expected);
        assert_eq!(watch.next().await, Heard::End);
    }
}

async fn a_watch_of_metadata_is_told_so_by_a_status_too(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let mut watch = stage.watch_as("configmaps?resourceVersion=1", metadata).await;
    assert_eq!(watch.object("ERROR").await["kind"], "Status");
    assert_eq!(watch.next().await, Heard::End);
}

async fn a_list_goes_on_after_a_token_has_expired_with_another_token(stage: &Stage) {
    stage.create_named("configmaps/a").await;
    stage.create_named("configmaps/b").await;
    // {"v":"meta.k8s.io/v1","rv":1,"start":"/a\u0000"}
    let token = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIvYVx1MDAwMCJ9";
    let answer = stage.get(&format!("configmaps?limit=1&continue={token}")).await;
    assert_eq!((answer.code, &answer.json["reason"]), (410, &json!("Expired")));
    assert_eq!(
        answer.json["message"],
        "The provided continue parameter is too old to display a consistent list result. You can \
         start a new list without the continue parameter, or use the continue token in this \
         response to retrieve the remainder of the results. Continuing with the provided token \
         results in an inconsistent list - objects that were created, modified, or deleted between \
         the time the first chunk was returned and now may show up in the list."
    );
    let token = answer.json["metadata"]["continue"].as_str().unwrap();
    let rest = stage.read(&format!("configmaps?limit=5&continue={token}")).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest["items"][0]["metadata"]["name"], "b");
}

async fn a_list_of_a_forgotten_version_has_expired(stage: &Stage) {
    for resource in ["configmaps", "widgets"] {
        let exact = format!("{resource}?resourceVersion=1&resourceVersionMatch=Exact");
        let message = "The resourceVersion for the provided list is too old.";
        stage.get(&exact).await.refused(410, "Expired", message, Value::Null);
    }
}

async fn a_watch_from_the_version_of_a_fresh_list_begins_there(stage: &Stage) {
    let list = stage.read("configmaps").await;
    let from = list["metadata"]["resourceVersion"].as_str().unwrap();
    let mut watch = stage.watch(&format!("configmaps?resourceVersion={from}")).await;
    stage.create_named("configmaps/app").await;
    assert_eq!(watch.words().await, "ADDED app");
}

async fn what_is_there_is_not_forgotten(stage: &Stage) {
    let default = stage.read("/api/v1/namespaces/default").await;
    assert_eq!(default["metadata"]["name"], "default");
    let at_least = stage.read("/api/v1/namespaces?resourceVersion=1").await;
    assert!(at_least["items"].as_array().unwrap().len() >= 4);
}
