//! JSON Patch on annotations: what the lock protocol writes.

use serde_json::{Value, json};

use crate::stage::Stage;

cases![
    a_missing_key_is_null_to_a_test,
    a_missing_map_is_null_to_a_test,
    a_key_cannot_be_added_where_there_is_no_map,
    a_test_of_another_value_fails_and_nothing_is_written,
];

/// All sorts of objects that carry locks: of a namespace and of the cluster, built-in and custom.
const LOCKABLE: [&str; 6] =
    ["configmaps", "leases", "namespaces", "deployments", "widgets", "gadgets"];

const KEY: &str = "/metadata/annotations/a~1b";

/// One object of each sort, with these annotations.
async fn lockables(stage: &Stage, annotations: Value) -> Vec<String> {
    let mut objects = Vec::new();
    for resource in LOCKABLE {
        let name = format!("{}-app", stage.namespace());
        let metadata = json!({ "name": name, "annotations": annotations });
        stage.create(resource, json!({ "metadata": metadata })).await;
        objects.push(format!("{resource}/{name}"));
    }
    objects
}

fn test(path: &str, value: Value) -> Value {
    json!({ "op": "test", "path": path, "value": value })
}

fn add(path: &str, value: Value) -> Value {
    json!({ "op": "add", "path": path, "value": value })
}

async fn a_missing_key_is_null_to_a_test(stage: &Stage) {
    for object in lockables(stage, json!({ "other": "1" })).await {
        let acquire = json!([test(KEY, Value::Null), add(KEY, json!("mine"))]);
        let answer = stage.json_patch(&object, &acquire).await.ok();
        assert_eq!(answer["metadata"]["annotations"], json!({ "a/b": "mine", "other": "1" }));
        stage.json_patch(&object, &acquire).await.failed_patch();
    }
}

async fn a_missing_map_is_null_to_a_test(stage: &Stage) {
    for object in lockables(stage, Value::Null).await {
        let map = "/metadata/annotations";
        let acquire = json!([test(map, Value::Null), add(map, json!({ "a/b": "mine" }))]);
        let answer = stage.json_patch(&object, &acquire).await.ok();
        assert_eq!(answer["metadata"]["annotations"], json!({ "a/b": "mine" }));
        stage.json_patch(&object, &acquire).await.failed_patch();
    }
}

async fn a_key_cannot_be_added_where_there_is_no_map(stage: &Stage) {
    for object in lockables(stage, Value::Null).await {
        stage.json_patch(&object, &json!([add(KEY, json!("mine"))])).await.failed_patch();
    }
}

async fn a_test_of_another_value_fails_and_nothing_is_written(stage: &Stage) {
    for object in lockables(stage, json!({ "a/b": "theirs" })).await {
        let before = stage.read(&object).await;
        let release = json!([test(KEY, json!("mine")), { "op": "remove", "path": KEY }]);
        stage.json_patch(&object, &release).await.failed_patch();
        assert_eq!(stage.read(&object).await, before);
    }
}
