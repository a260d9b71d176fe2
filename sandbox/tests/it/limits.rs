//! What the sandbox does not do, it says so.

use serde_json::{Value, json};

use crate::stage::{Stage, object};

const APP: &str = "configmaps/app";
const APPLY: &str = "application/apply-patch+yaml";

fn definition(strategy: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": "wells.example.org" },
        "spec": {
            "group": "example.org",
            "scope": "Namespaced",
            "names": { "plural": "wells", "kind": "Well" },
            "conversion": { "strategy": strategy },
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": { "type": "object" } },
            }],
        },
    })
}

#[tokio::test(start_paused = true)]
async fn what_is_left_out_is_answered_as_not_supported_and_changes_nothing() {
    let stage = Stage::sandbox("limits").await;
    let app = stage.create_named(APP).await;
    let applied = object("configmaps", json!({ "metadata": { "name": "app" } }));
    let apply = stage.ask("PATCH", &format!("{APP}?fieldManager=me")).json(&applied);
    let directive = json!({ "metadata": { "$later": "1" } });
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let answers = [
        (apply.content_type(APPLY).send().await, "server-side apply"),
        (stage.strategic_patch(APP, &directive).await, "$later in a patch"),
        (stage.get("pods/app/log").await, "pods/log"),
        (stage.get("/openapi/v2").await, "OpenAPI v2"),
        (stage.post(definitions, &definition("Webhook")).await, "conversion by a webhook"),
    ];
    for (answer, what) in answers {
        let message = format!("kubelock sandbox: {what} is not supported");
        answer.refused(501, "NotImplemented", &message, Value::Null);
    }
    assert_eq!(stage.read(APP).await, app);
    stage.post(definitions, &definition("None")).await.created();
    let changed = definition("Webhook");
    let answer = stage.merge_patch(&format!("{definitions}/wells.example.org"), &changed).await;
    let message = "kubelock sandbox: conversion by a webhook is not supported";
    answer.refused(501, "NotImplemented", message, Value::Null);
}
