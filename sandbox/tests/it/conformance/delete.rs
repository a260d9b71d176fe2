//! DELETE on an object and on a collection.

use serde_json::{Value, json};

use crate::stage::{Stage, object};

cases![
    a_deleted_object_is_gone_and_the_answer_names_it_with_its_uid,
    a_missing_object_is_not_found,
    a_precondition_on_the_uid_is_kept,
    a_precondition_on_the_version_is_kept,
    finalizers_keep_a_deleted_object,
    a_second_deletion_changes_nothing,
    a_dying_object_is_patched_as_any_other,
    a_deletion_is_not_taken_back,
    without_its_last_finalizer_a_dying_object_is_gone,
    a_custom_object_in_deletion_has_a_new_generation,
    a_foreground_deletion_waits_for_a_controller,
    an_unknown_propagation_is_refused,
    options_that_are_no_json_are_a_bad_request,
    options_of_another_media_type_are_refused,
    options_may_come_in_the_query,
    a_dry_run_deletes_nothing,
    a_collection_is_deleted_by_selectors_and_answers_what_it_had,
    a_collection_with_finalizers_is_marked,
    there_is_no_deletion_across_namespaces,
    an_object_made_anew_has_another_uid,
];

async fn a_deleted_object_is_gone_and_the_answer_names_it_with_its_uid(stage: &Stage) {
    for (resource, group) in [
        ("configmaps", ""),
        ("leases", "coordination.k8s.io"),
        ("deployments", "apps"),
        ("widgets", "kubelock-test.example.org"),
    ] {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        let mut details = json!({ "name": "app", "kind": resource });
        details["uid"] = created["metadata"]["uid"].clone();
        if !group.is_empty() {
            details["group"] = json!(group);
        }
        let success = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": details,
        });
        assert_eq!(stage.delete(&app).await.ok(), success);
        assert_eq!(stage.get(&app).await.code, 404);
    }
}

async fn a_missing_object_is_not_found(stage: &Stage) {
    stage.delete("configmaps/app").await.not_found("configmaps", "app");
    stage.delete("leases/app").await.not_found("leases.coordination.k8s.io", "app");
}

async fn a_precondition_on_the_uid_is_kept(stage: &Stage) {
    let created = stage.create_named("configmaps/app").await;
    let uid = created["metadata"]["uid"].as_str().unwrap();
    let options = |uid: &str| json!({ "preconditions": { "uid": uid } });
    let delete = stage.ask("DELETE", "configmaps/app").json(&options("another"));
    let why = format!(
        "the UID in the precondition (another) does not match the UID in record ({uid}). \
         The object might have been deleted and then recreated"
    );
    delete.send().await.conflict("ConfigMap", "app", &why);
    stage.ask("DELETE", "configmaps/app").json(&options(uid)).send().await.ok();
}

async fn a_precondition_on_the_version_is_kept(stage: &Stage) {
    let created = stage.create_named("configmaps/app").await;
    let version = created["metadata"]["resourceVersion"].as_str().unwrap();
    let options = |version: &str| json!({ "preconditions": { "resourceVersion": version } });
    let delete = stage.ask("DELETE", "configmaps/app").json(&options("1"));
    let why = format!(
        "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record \
         ({version}). The object might have been modified"
    );
    delete.send().await.conflict("ConfigMap", "app", &why);
    stage.ask("DELETE", "configmaps/app").json(&options(version)).send().await.ok();
}

async fn kept(stage: &Stage, resource: &str, finalizers: Value) -> Value {
    let metadata = json!({ "name": "app", "finalizers": finalizers });
    stage.create(resource, json!({ "metadata": metadata })).await
}

async fn finalizers_keep_a_deleted_object(stage: &Stage) {
    for resource in ["configmaps", "leases", "widgets"] {
        let app = format!("{resource}/app");
        let created = kept(stage, resource, json!(["example.org/a"])).await;
        let dying = stage.delete(&app).await.ok();
        assert_eq!(dying["kind"], created["kind"]);
        let metadata = &dying["metadata"];
        assert!(metadata["deletionTimestamp"].is_string());
        assert_eq!(metadata["deletionGracePeriodSeconds"], 0);
        assert_ne!(metadata["resourceVersion"], created["metadata"]["resourceVersion"]);
        assert_eq!(stage.read(&app).await, dying);
    }
}

async fn a_second_deletion_changes_nothing(stage: &Stage) {
    kept(stage, "configmaps", json!(["example.org/a"])).await;
    let first = stage.delete("configmaps/app").await.ok();
    assert_eq!(stage.delete("configmaps/app").await.ok(), first);
}

async fn a_dying_object_is_patched_as_any_other(stage: &Stage) {
    for resource in ["configmaps", "widgets"] {
        let app = format!("{resource}/app");
        kept(stage, resource, json!(["example.org/a"])).await;
        let is_living =
            json!([{ "op": "test", "path": "/metadata/deletionTimestamp", "value": null }]);
        stage.json_patch(&app, &is_living).await.ok();
        stage.delete(&app).await.ok();
        stage.json_patch(&app, &is_living).await.failed_patch();
        let annotate = json!({ "metadata": { "annotations": { "a": "1" } } });
        let patched = stage.merge_patch(&app, &annotate).await.ok();
        assert_eq!(patched["metadata"]["annotations"], json!({ "a": "1" }));
    }
}

async fn a_deletion_is_not_taken_back(stage: &Stage) {
    kept(stage, "configmaps", json!(["example.org/a"])).await;
    let dying = stage.delete("configmaps/app").await.ok();
    let patch = json!({
        "metadata": { "deletionTimestamp": null, "deletionGracePeriodSeconds": null },
    });
    assert_eq!(stage.merge_patch("configmaps/app", &patch).await.ok(), dying);
}

async fn without_its_last_finalizer_a_dying_object_is_gone(stage: &Stage) {
    for resource in ["configmaps", "leases", "widgets"] {
        let app = format!("{resource}/app");
        kept(stage, resource, json!(["example.org/a", "example.org/b"])).await;
        stage.delete(&app).await.ok();
        let one = json!({ "metadata": { "finalizers": ["example.org/b"] } });
        let before = stage.merge_patch(&app, &one).await.ok();
        let none = json!({ "metadata": { "finalizers": null, "annotations": { "last": "1" } } });
        let last = stage.merge_patch(&app, &none).await.ok();
        // What was patched last is shown, but was never stored: the version is the one before.
        assert_eq!(last["metadata"]["annotations"], json!({ "last": "1" }));
        assert_eq!(last["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);
        assert_eq!(stage.get(&app).await.code, 404);
    }
}

async fn a_custom_object_in_deletion_has_a_new_generation(stage: &Stage) {
    let created = kept(stage, "widgets", json!(["example.org/a"])).await;
    assert_eq!(created["metadata"]["generation"], 1);
    assert_eq!(stage.delete("widgets/app").await.ok()["metadata"]["generation"], 2);
    assert_eq!(stage.delete("widgets/app").await.ok()["metadata"]["generation"], 2);
}

async fn a_foreground_deletion_waits_for_a_controller(stage: &Stage) {
    for (propagation, finalizer) in [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")] {
        stage.create_named("configmaps/app").await;
        let options = json!({ "propagationPolicy": propagation });
        let delete = stage.ask("DELETE", "configmaps/app").json(&options);
        let dying = delete.send().await.ok();
        assert_eq!(dying["metadata"]["finalizers"], json!([finalizer]));
        assert!(dying["metadata"]["deletionTimestamp"].is_string());
        let done = json!({ "metadata": { "finalizers": null } });
        stage.merge_patch("configmaps/app", &done).await.ok();
        assert_eq!(stage.get("configmaps/app").await.code, 404);
    }
}

async fn an_unknown_propagation_is_refused(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let options = json!({ "propagationPolicy": "Sideways" });
    let answer = stage.ask("DELETE", "configmaps/app").json(&options).send().await;
    let message = "Unsupported value: \"Sideways\": supported values: \"Foreground\", \
                   \"Background\", \"Orphan\", \"nil\"";
    let cause = ["propagationPolicy", "FieldValueNotSupported", message];
    answer.invalid("DeleteOptions.meta.k8s.io", "", &[cause]);
    stage.read("configmaps/app").await;
}

async fn options_that_are_no_json_are_a_bad_request(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let ask = || stage.ask("DELETE", "configmaps/app").content_type("application/json");
    let message = "couldn't get version/kind; json parse error: unexpected end of JSON input";
    ask().body(b"{").send().await.refused(400, "BadRequest", message, Value::Null);
    let message = "no kind \"ConfigMap\" is registered for version \"v1\" in scheme \
                   \"pkg/runtime/scheme.go:111\"";
    let other = object("configmaps", json!({}));
    ask().json(&other).send().await.refused(400, "BadRequest", message, Value::Null);
    stage.read("configmaps/app").await;
}

async fn options_of_another_media_type_are_refused(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let delete = stage.ask("DELETE", "configmaps/app").content_type("text/plain").body(b"{}");
    let message = "the body of the request was in an unknown format - accepted media types \
                   include: application/json, application/yaml, application/vnd.kubernetes.protobuf";
    delete.send().await.refused(415, "UnsupportedMediaType", message, Value::Null);
}

async fn options_may_come_in_the_query(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let dying = stage.delete("configmaps/app?propagationPolicy=Foreground").await.ok();
    assert_eq!(dying["metadata"]["finalizers"], json!(["foregroundDeletion"]));
}

async fn a_dry_run_deletes_nothing(stage: &Stage) {
    let created = stage.create_named("configmaps/app").await;
    stage.delete("configmaps/app?dryRun=All").await.ok();
    let options = json!({ "dryRun": ["All"] });
    stage.ask("DELETE", "configmaps/app").json(&options).send().await.ok();
    assert_eq!(stage.read("configmaps/app").await, created);
}

async fn a_collection_is_deleted_by_selectors_and_answers_what_it_had(stage: &Stage) {
    for (name, tier) in [("a", "web"), ("b", "web"), ("c", "store")] {
        let metadata = json!({ "name": name, "labels": { "tier": tier } });
        stage.create("configmaps", json!({ "metadata": metadata })).await;
    }
    let a = stage.read("configmaps/a").await;
    let none = stage.delete("configmaps?fieldSelector=metadata.name%3Dz").await.ok();
    assert_eq!(none["items"], json!([]));
    let deleted = stage.delete("configmaps?labelSelector=tier%3Dweb").await.ok();
    assert_eq!(deleted["kind"], "ConfigMapList");
    let items = deleted["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["metadata"], a["metadata"]);
    let left = stage.read("configmaps").await;
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    assert_eq!(left["items"][0]["metadata"]["name"], "c");
}

async fn a_collection_with_finalizers_is_marked(stage: &Stage) {
    kept(stage, "configmaps", json!(["example.org/a"])).await;
    stage.create_named("configmaps/free").await;
    stage.delete("configmaps").await.ok();
    let app = stage.read("configmaps/app").await;
    assert!(app["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(stage.get("configmaps/free").await.code, 404);
}

async fn there_is_no_deletion_across_namespaces(stage: &Stage) {
    for path in ["/api/v1/configmaps", "/api/v1/namespaces"] {
        let message = "the server does not allow this method on the requested resource";
        stage.delete(path).await.refused(405, "MethodNotAllowed", message, json!({}));
    }
}

async fn an_object_made_anew_has_another_uid(stage: &Stage) {
    let first = stage.create_named("configmaps/app").await;
    stage.delete("configmaps/app").await.ok();
    let second = stage.create_named("configmaps/app").await;
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);
    let test = json!([
        { "op": "test", "path": "/metadata/uid", "value": first["metadata"]["uid"] },
    ]);
    stage.json_patch("configmaps/app", &test).await.failed_patch();
}
