//! The subresource `status`, which some kinds have.

use serde_json::{Value, json};

use crate::stage::Stage;

cases![
    a_custom_objects_status_is_written_alone,
    a_built_in_objects_status_is_written_with_its_metadata,
    a_write_of_the_object_leaves_its_status,
    a_test_of_the_metadata_guards_the_status,
    a_status_is_read_as_the_whole_object,
    a_status_is_neither_created_nor_deleted,
    a_kind_without_a_status_has_no_such_path,
    a_missing_objects_status_is_not_found,
    generations_count_changes_of_the_spec,
    a_deployments_generation_counts_changes_of_its_annotations_too,
];

async fn widget(stage: &Stage) -> Value {
    let metadata = json!({ "name": "app", "annotations": { "a": "0" } });
    stage.create("widgets", json!({ "metadata": metadata, "spec": { "a": 1 } })).await
}

async fn a_custom_objects_status_is_written_alone(stage: &Stage) {
    let created = widget(stage).await;
    let patch = json!({
        "metadata": { "annotations": { "s": "1" }, "labels": { "l": "1" } },
        "spec": { "a": 2 },
        "status": { "b": 1 },
    });
    let patched = stage.merge_patch("widgets/app/status", &patch).await.ok();
    assert_eq!(patched["metadata"]["annotations"], json!({ "a": "0" }));
    assert_eq!(patched["metadata"]["labels"], Value::Null);
    assert_eq!(patched["metadata"]["generation"], 1);
    assert_eq!(patched["spec"], json!({ "a": 1 }));
    assert_eq!(patched["status"], json!({ "b": 1 }));
    assert_ne!(patched["metadata"]["resourceVersion"], created["metadata"]["resourceVersion"]);
    let mut update = patched;
    update["spec"] = json!({ "a": 3 });
    update["status"] = json!({ "c": 1 });
    let updated = stage.put("widgets/app/status", &update).await.ok();
    assert_eq!(updated["spec"], json!({ "a": 1 }));
    assert_eq!(updated["status"], json!({ "c": 1 }));
}

async fn a_built_in_objects_status_is_written_with_its_metadata(stage: &Stage) {
    stage.create_named("deployments/app").await;
    let patch = json!({
        "metadata": { "annotations": { "s": "1" } },
        "spec": { "replicas": 3 },
        "status": { "replicas": 2 },
    });
    let patched = stage.merge_patch("deployments/app/status", &patch).await.ok();
    assert_eq!(patched["metadata"]["annotations"], json!({ "s": "1" }));
    assert_eq!(patched["metadata"]["generation"], 1);
    assert_ne!(patched["spec"]["replicas"], 3);
    assert_eq!(patched["status"]["replicas"], 2);
    let path = format!("namespaces/{}/status", stage.namespace());
    let patch = json!({ "metadata": { "annotations": { "s": "1" } } });
    let patched = stage.merge_patch(&path, &patch).await.ok();
    assert_eq!(patched["metadata"]["annotations"], json!({ "s": "1" }));
}

async fn a_write_of_the_object_leaves_its_status(stage: &Stage) {
    for resource in ["widgets", "deployments"] {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        let patch = json!({ "status": { "replicas": 2 } });
        assert_eq!(stage.merge_patch(&app, &patch).await.ok(), created);
    }
}

async fn a_test_of_the_metadata_guards_the_status(stage: &Stage) {
    widget(stage).await;
    let guarded = |mine| {
        json!([
            { "op": "test", "path": "/metadata/annotations/a", "value": mine },
            { "op": "add", "path": "/status", "value": { "b": 1 } },
        ])
    };
    stage.json_patch("widgets/app/status", &guarded("1")).await.failed_patch();
    let patched = stage.json_patch("widgets/app/status", &guarded("0")).await.ok();
    assert_eq!(patched["status"], json!({ "b": 1 }));
}

async fn a_status_is_read_as_the_whole_object(stage: &Stage) {
    let created = widget(stage).await;
    assert_eq!(stage.read("widgets/app/status").await, created);
    let created = stage.create_named("deployments/app").await;
    assert_eq!(stage.read("deployments/app/status").await, created);
}

async fn a_status_is_neither_created_nor_deleted(stage: &Stage) {
    widget(stage).await;
    let details = json!({ "group": "kubelock-test.example.org", "kind": "widgets" });
    for (method, verb) in [("POST", "create"), ("DELETE", "delete")] {
        let answer = stage.ask(method, "widgets/app/status").json(&json!({})).send().await;
        let kind = "widgets.kubelock-test.example.org";
        let message = format!("{verb} is not supported on resources of kind \"{kind}\"");
        answer.refused(405, "MethodNotAllowed", &message, details.clone());
    }
    stage.create_named("deployments/app").await;
    let message = "the server does not allow this method on the requested resource";
    stage.delete("deployments/app/status").await.refused(
        405,
        "MethodNotAllowed",
        message,
        json!({}),
    );
}

async fn a_kind_without_a_status_has_no_such_path(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    stage.create_named("leases/app").await;
    let message = "the server could not find the requested resource";
    for path in ["configmaps/app/status", "leases/app/status", "configmaps/app/y/z"] {
        stage.get(path).await.refused(404, "NotFound", message, json!({}));
        let answer = stage.merge_patch(path, &json!({})).await;
        answer.refused(404, "NotFound", message, json!({}));
    }
}

async fn a_missing_objects_status_is_not_found(stage: &Stage) {
    let patch = json!({ "status": { "b": 1 } });
    let answer = stage.merge_patch("widgets/app/status", &patch).await;
    answer.not_found("widgets.kubelock-test.example.org", "app");
    let answer = stage.merge_patch("deployments/app/status", &patch).await;
    answer.not_found("deployments.apps", "app");
}

async fn generations_count_changes_of_the_spec(stage: &Stage) {
    widget(stage).await;
    let generation = async |patch: Value| {
        stage.merge_patch("widgets/app", &patch).await.ok()["metadata"]["generation"].clone()
    };
    assert_eq!(generation(json!({ "metadata": { "annotations": { "a": "1" } } })).await, 1);
    assert_eq!(generation(json!({ "spec": { "a": 2 } })).await, 2);
    assert_eq!(generation(json!({ "spec": { "a": 2 } })).await, 2);
    assert_eq!(generation(json!({ "metadata": { "generation": 9 } })).await, 2);
    assert_eq!(stage.create_named("configmaps/app").await["metadata"]["generation"], Value::Null);
}

async fn a_deployments_generation_counts_changes_of_its_annotations_too(stage: &Stage) {
    stage.create_named("deployments/app").await;
    let generation = async |patch: Value| {
        stage.merge_patch("deployments/app", &patch).await.ok()["metadata"]["generation"].clone()
    };
    assert_eq!(generation(json!({ "metadata": { "labels": { "l": "1" } } })).await, 1);
    assert_eq!(generation(json!({ "metadata": { "annotations": { "a": "1" } } })).await, 2);
    assert_eq!(generation(json!({ "spec": { "replicas": 2 } })).await, 3);
}
