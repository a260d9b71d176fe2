//! Merge patches, and strategic ones.

use serde_json::{Value, json};

use crate::stage::Stage;

cases![
    members_are_merged_and_null_removes,
    arrays_are_replaced,
    nulls_in_new_members_are_left_out,
    nulls_within_arrays_of_objects_are_left_out,
    the_last_of_several_equal_members_counts,
    a_body_that_is_no_object_is_a_bad_request,
    the_metadata_cannot_be_removed,
    values_of_another_type_are_invalid,
    a_media_type_may_carry_parameters,
    other_media_types_are_refused,
    a_strategic_patch_merges_maps,
    a_strategic_patch_adds_finalizers,
    a_strategic_patch_may_replace_a_map,
    a_strategic_patch_merges_containers_by_name,
    a_strategic_body_that_is_no_object_is_a_bad_request,
    a_custom_kind_has_no_strategic_patches,
];

async fn widget(stage: &Stage, spec: Value) {
    stage.create("widgets", json!({ "metadata": { "name": "app" }, "spec": spec })).await;
}

/// The spec of the widget after a patch of it.
async fn spec(stage: &Stage, patch: Value) -> Value {
    stage.merge_patch("widgets/app", &json!({ "spec": patch })).await.ok()["spec"].take()
}

async fn members_are_merged_and_null_removes(stage: &Stage) {
    widget(stage, json!({ "a": { "b": 1, "c": 2 }, "d": 3 })).await;
    let patched = spec(stage, json!({ "a": { "b": null, "e": 4 }, "f": { "g": 5 } })).await;
    assert_eq!(patched, json!({ "a": { "c": 2, "e": 4 }, "d": 3, "f": { "g": 5 } }));
    assert_eq!(spec(stage, json!({ "a": 1 })).await, json!({ "a": 1, "d": 3, "f": { "g": 5 } }));
    assert_eq!(spec(stage, Value::Null).await, Value::Null);
    assert_eq!(spec(stage, json!({ "missing": null })).await, json!({}));
    stage.create_named("configmaps/app").await;
    let patch = json!({ "metadata": { "annotations": { "a": "1" } } });
    let patched = stage.merge_patch("configmaps/app", &patch).await.ok();
    assert_eq!(patched["metadata"]["annotations"], json!({ "a": "1" }));
    let patch = json!({ "metadata": { "annotations": { "a": null } } });
    let patched = stage.merge_patch("configmaps/app", &patch).await.ok();
    assert_eq!(patched["metadata"]["annotations"], Value::Null);
}

async fn arrays_are_replaced(stage: &Stage) {
    widget(stage, json!({ "a": [1, 2] })).await;
    assert_eq!(spec(stage, json!({ "a": [3] })).await, json!({ "a": [3] }));
    assert_eq!(spec(stage, json!({ "a": { "b": 1 } })).await, json!({ "a": { "b": 1 } }));
}

async fn nulls_in_new_members_are_left_out(stage: &Stage) {
    widget(stage, json!({})).await;
    let patched = spec(stage, json!({ "a": { "b": { "c": null, "d": 1 } } })).await;
    assert_eq!(patched, json!({ "a": { "b": { "d": 1 } } }));
}

async fn nulls_within_arrays_of_objects_are_left_out(stage: &Stage) {
    widget(stage, json!({})).await;
    let patched = spec(stage, json!({ "a": [{ "b": null, "c": 1 }, null, [null]] })).await;
    assert_eq!(patched, json!({ "a": [{ "c": 1 }, null, [null]] }));
}

async fn the_last_of_several_equal_members_counts(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let ask = stage.ask("PATCH", "configmaps/app").content_type("application/merge-patch+json");
    let answer = ask.body(br#"{"data":{"d":"1","d":"2"}}"#).send().await;
    assert_eq!(answer.header("warning"), r#"299 - "duplicate field \"data.d\"""#);
    assert_eq!(answer.ok()["data"], json!({ "d": "2" }));
}

async fn a_body_that_is_no_object_is_a_bad_request(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let no_map = "Go value of type map[string]interface {}";
    for (body, message) in [
        ("[]", format!("error decoding patch: json: cannot unmarshal array into {no_map}")),
        ("1", format!("error decoding patch: json: cannot unmarshal number into {no_map}")),
        ("\"x\"", format!("error decoding patch: json: cannot unmarshal string into {no_map}")),
        ("null", "Invalid JSON Patch".into()),
        ("", "invalid JSON patch".into()),
        ("{", "invalid JSON patch".into()),
    ] {
        let ask = stage.ask("PATCH", "configmaps/app").content_type("application/merge-patch+json");
        let answer = ask.body(body.as_bytes()).send().await;
        answer.refused(400, "BadRequest", &message, Value::Null);
    }
}

async fn the_metadata_cannot_be_removed(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let answer = stage.merge_patch("configmaps/app", &json!({ "metadata": null })).await;
    let message = "the name of the object (app based on URL) was undeterminable: name must be \
                   provided";
    answer.refused(400, "BadRequest", message, Value::Null);
}

async fn values_of_another_type_are_invalid(stage: &Stage) {
    for resource in ["configmaps", "widgets"] {
        let path = format!("{resource}/app");
        stage.create_named(&path).await;
        let patch = json!({ "metadata": { "annotations": { "a": 1 } } });
        let answer = stage.merge_patch(&path, &patch).await;
        assert_eq!((answer.code, &answer.json["reason"]), (422, &json!("Invalid")));
        assert_eq!(answer.json["details"]["causes"][0]["field"], "patch");
    }
    let answer = stage.merge_patch("widgets/app", &json!({ "spec": "text" })).await;
    let message = "Invalid value: \"string\": spec in body must be of type object: \"string\"";
    let cause = ["spec", "FieldValueTypeInvalid", message];
    answer.invalid("Widget.kubelock-test.example.org", "app", &[cause]);
}

async fn a_media_type_may_carry_parameters(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let ask = stage.ask("PATCH", "configmaps/app").body(b"{}");
    ask.content_type("application/merge-patch+json; charset=utf-8").send().await.ok();
}

async fn other_media_types_are_refused(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    stage.create_named("widgets/app").await;
    for media_type in ["application/json", "application/xml"] {
        let ask = stage.ask("PATCH", "configmaps/app").content_type(media_type).body(b"{}");
        let message = "415: Unsupported Media Type";
        ask.send().await.refused(415, "UnsupportedMediaType", message, json!({}));
        let ask = stage.ask("PATCH", "widgets/app").content_type(media_type).body(b"{}");
        ask.send().await.refused(415, "UnsupportedMediaType", &of_custom_kinds(), Value::Null);
    }
}

fn of_custom_kinds() -> String {
    "the body of the request was in an unknown format - accepted media types include: \
     application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
        .to_owned()
}

/// The configmap after a strategic patch of its metadata.
async fn metadata(stage: &Stage, patch: Value) -> Value {
    let patch = json!({ "metadata": patch });
    stage.strategic_patch("configmaps/app", &patch).await.ok()["metadata"].take()
}

async fn a_strategic_patch_merges_maps(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let patched = metadata(stage, json!({ "annotations": { "a": "1", "b": "2" } })).await;
    assert_eq!(patched["annotations"], json!({ "a": "1", "b": "2" }));
    let patched = metadata(stage, json!({ "annotations": { "a": null, "c": "3" } })).await;
    assert_eq!(patched["annotations"], json!({ "b": "2", "c": "3" }));
    let patched = metadata(stage, json!({ "annotations": null, "labels": { "l": "1" } })).await;
    assert_eq!(patched.get("annotations"), None);
    assert_eq!(patched["labels"], json!({ "l": "1" }));
}

async fn a_strategic_patch_adds_finalizers(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    metadata(stage, json!({ "finalizers": ["example.org/a"] })).await;
    let patched = metadata(stage, json!({ "finalizers": ["example.org/b"] })).await;
    assert_eq!(patched["finalizers"], json!(["example.org/b", "example.org/a"]));
    let delete = json!({ "$deleteFromPrimitiveList/finalizers": ["example.org/a"] });
    assert_eq!(metadata(stage, delete).await["finalizers"], json!(["example.org/b"]));
    assert_eq!(metadata(stage, json!({ "finalizers": null })).await.get("finalizers"), None);
}

async fn a_strategic_patch_may_replace_a_map(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    metadata(stage, json!({ "annotations": { "a": "1" } })).await;
    let replace = json!({ "annotations": { "$patch": "replace", "b": "2" } });
    assert_eq!(metadata(stage, replace).await["annotations"], json!({ "b": "2" }));
}

async fn a_strategic_patch_merges_containers_by_name(stage: &Stage) {
    stage.create_named("deployments/app").await;
    let containers = json!([{ "name": "app", "image": "other" }]);
    let patch = json!({ "spec": { "template": { "spec": { "containers": containers } } } });
    let patched = stage.strategic_patch("deployments/app", &patch).await.ok();
    let containers = patched["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    assert_eq!(containers.len(), 1);
    assert_eq!(containers[0]["image"], "other");
}

async fn a_strategic_body_that_is_no_object_is_a_bad_request(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let no_map = "Go value of type map[string]interface {}";
    for (body, message) in [
        ("[]", format!("json: cannot unmarshal array into {no_map}")),
        ("1", format!("json: cannot unmarshal number into {no_map}")),
        ("", "invalid JSON patch".into()),
        ("{", "invalid JSON patch".into()),
    ] {
        let ask = stage.ask("PATCH", "configmaps/app");
        let ask = ask.content_type("application/strategic-merge-patch+json").body(body.as_bytes());
        ask.send().await.refused(400, "BadRequest", &message, Value::Null);
    }
}

async fn a_custom_kind_has_no_strategic_patches(stage: &Stage) {
    stage.create_named("widgets/app").await;
    let answer = stage.strategic_patch("widgets/app", &json!({})).await;
    answer.refused(415, "UnsupportedMediaType", &of_custom_kinds(), Value::Null);
}
