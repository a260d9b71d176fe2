//! PUT on an object.

use serde_json::{Value, json};

use crate::stage::{Stage, object};

cases![
    an_update_of_the_latest_version_is_stored,
    an_update_of_an_older_version_is_a_conflict,
    an_update_of_a_version_yet_to_come_is_a_conflict,
    an_update_without_a_version_overwrites_where_the_kind_allows_it,
    leases_and_custom_objects_are_updated_by_version_alone,
    a_version_that_is_no_number_is_a_failure_of_the_server,
    an_update_for_another_uid_is_a_conflict,
    an_update_of_a_missing_object_is_not_found,
    an_update_needs_the_name_of_its_path,
    an_update_cannot_move_an_object,
    an_update_that_changes_nothing_keeps_the_version,
    what_only_the_server_says_is_kept_or_refused,
    what_is_sealed_takes_annotations_and_no_other_data,
    the_type_of_a_secret_stays,
    an_update_drops_what_it_leaves_out,
    an_update_on_a_collection_is_not_allowed,
    a_dry_run_of_an_update_changes_nothing,
    a_dying_object_takes_no_new_finalizers,
    a_namespace_keeps_its_own_finalizer_and_phase,
];

const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// Kinds with their resource, their group's resource name, and where etcd keeps them.
const SORTS: [[&str; 3]; 3] = [
    ["configmaps", "configmaps", "configmaps"],
    ["leases", "leases.coordination.k8s.io", "leases"],
    ["widgets", "widgets.kubelock-test.example.org", "kubelock-test.example.org/widgets"],
];

fn annotated(object: &Value, value: &str) -> Value {
    let mut object = object.clone();
    object["metadata"]["annotations"] = json!({ "a": value });
    object
}

fn with(object: &Value, field: &str, value: Value) -> Value {
    let mut object = object.clone();
    object["metadata"][field] = value;
    object
}

async fn an_update_of_the_latest_version_is_stored(stage: &Stage) {
    for [resource, ..] in SORTS {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        let updated = stage.put(&app, &annotated(&created, "1")).await.ok();
        assert_eq!(updated["metadata"]["annotations"], json!({ "a": "1" }));
        assert_eq!(updated["metadata"]["uid"], created["metadata"]["uid"]);
        assert_ne!(updated["metadata"]["resourceVersion"], created["metadata"]["resourceVersion"]);
        assert_eq!(stage.read(&app).await, updated);
    }
}

async fn an_update_of_an_older_version_is_a_conflict(stage: &Stage) {
    for [resource, name, _] in SORTS {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        let updated = stage.put(&app, &annotated(&created, "1")).await.ok();
        stage.put(&app, &annotated(&created, "2")).await.conflict(name, "app", MODIFIED);
        assert_eq!(stage.read(&app).await, updated);
    }
}

async fn an_update_of_a_version_yet_to_come_is_a_conflict(stage: &Stage) {
    for [resource, name, _] in SORTS {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        let update = with(&created, "resourceVersion", json!("999999999999"));
        stage.put(&app, &update).await.conflict(name, "app", MODIFIED);
    }
}

async fn an_update_without_a_version_overwrites_where_the_kind_allows_it(stage: &Stage) {
    for resource in ["configmaps", "secrets", "deployments"] {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        stage.put(&app, &annotated(&created, "1")).await.ok();
        for none in [Value::Null, json!(""), json!("0")] {
            let update = with(&annotated(&created, &none.to_string()), "resourceVersion", none);
            let updated = stage.put(&app, &update).await.ok();
            let annotations = &update["metadata"]["annotations"];
            assert_eq!(&updated["metadata"]["annotations"], annotations);
        }
    }
}

async fn leases_and_custom_objects_are_updated_by_version_alone(stage: &Stage) {
    for [resource, name, _] in &SORTS[1..] {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        for none in [Value::Null, json!(""), json!("0")] {
            let answer = stage.put(&app, &with(&created, "resourceVersion", none)).await;
            let message = "Invalid value: 0: must be specified for an update";
            let cause = ["metadata.resourceVersion", "FieldValueInvalid", message];
            answer.invalid(name, "app", &[cause]);
        }
    }
}

async fn a_version_that_is_no_number_is_a_failure_of_the_server(stage: &Stage) {
    for [resource, ..] in SORTS {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        let answer = stage.put(&app, &with(&created, "resourceVersion", json!("abc"))).await;
        let message = "strconv.ParseUint: parsing \"abc\": invalid syntax";
        answer.refused(500, "", message, Value::Null);
    }
}

async fn an_update_for_another_uid_is_a_conflict(stage: &Stage) {
    for [resource, name, stored] in SORTS {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        let uid = created["metadata"]["uid"].as_str().unwrap();
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{stored}/{}/app, \
             ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: \
             another, UID in object meta: {uid}",
            stage.namespace()
        );
        let answer = stage.put(&app, &with(&created, "uid", json!("another"))).await;
        answer.conflict(name, "app", &why);
    }
}

async fn an_update_of_a_missing_object_is_not_found(stage: &Stage) {
    for body in [
        json!({ "name": "app" }),
        json!({ "name": "app", "uid": "any" }),
        json!({ "name": "app", "resourceVersion": "5" }),
    ] {
        let update = object("configmaps", json!({ "metadata": body }));
        stage.put("configmaps/app", &update).await.not_found("configmaps", "app");
    }
}

async fn an_update_needs_the_name_of_its_path(stage: &Stage) {
    for resource in ["configmaps", "widgets"] {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        let other = with(&created, "name", json!("other"));
        let message = "the name of the object (other) does not match the name on the URL (app)";
        stage.put(&app, &other).await.refused(400, "BadRequest", message, Value::Null);
        let message = "the name of the object (app based on URL) was undeterminable: name must be \
                       provided";
        let nameless = with(&created, "name", Value::Null);
        stage.put(&app, &nameless).await.refused(400, "BadRequest", message, Value::Null);
    }
}

async fn an_update_cannot_move_an_object(stage: &Stage) {
    let created = stage.create_named("configmaps/app").await;
    let moved = with(&created, "namespace", json!("elsewhere"));
    let message =
        "the namespace of the provided object does not match the namespace sent on the request";
    stage.put("configmaps/app", &moved).await.refused(400, "BadRequest", message, Value::Null);
}

async fn an_update_that_changes_nothing_keeps_the_version(stage: &Stage) {
    for [resource, ..] in SORTS {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        assert_eq!(stage.put(&app, &created).await.ok(), created);
    }
}

async fn what_only_the_server_says_is_kept_or_refused(stage: &Stage) {
    let created = stage.create_named("configmaps/app").await;
    for (field, value) in [
        ("creationTimestamp", json!("2001-01-01T00:00:00Z")),
        ("generation", json!(7)),
        ("selfLink", json!("/mine")),
        ("uid", Value::Null),
        ("namespace", Value::Null),
    ] {
        let update = with(&created, field, value);
        assert_eq!(stage.put("configmaps/app", &update).await.ok(), created, "{field}");
    }
    for (field, value) in [
        ("deletionTimestamp", json!("2001-01-01T00:00:00Z")),
        ("deletionGracePeriodSeconds", json!(3)),
    ] {
        let message = format!("Invalid value: {value}: field is immutable");
        let path = format!("metadata.{field}");
        let answer = stage.put("configmaps/app", &with(&created, field, value)).await;
        answer.invalid("ConfigMap", "app", &[[&path, "FieldValueInvalid", &message]]);
    }
}

async fn what_is_sealed_takes_annotations_and_no_other_data(stage: &Stage) {
    let text = json!({ "metadata": { "name": "app" }, "immutable": true, "data": { "d": "MQ==" } });
    for (resource, kind) in [("configmaps", "ConfigMap"), ("secrets", "Secret")] {
        let created = stage.create(resource, text.clone()).await;
        let app = format!("{resource}/app");
        let created = stage.put(&app, &with(&created, "annotations", json!({ "a": "1" }))).await;
        let created = created.ok();
        let why = "Forbidden: field is immutable when `immutable` is set";
        for (field, value) in [("data", json!({ "d": "Mg==" })), ("immutable", json!(false))] {
            let mut update = created.clone();
            update[field] = value;
            let answer = stage.put(&app, &update).await;
            answer.invalid(kind, "app", &[[field, "FieldValueForbidden", why]]);
        }
    }
}

async fn the_type_of_a_secret_stays(stage: &Stage) {
    let created = stage.create_named("secrets/app").await;
    let mut update = created;
    update["type"] = json!("example.org/other");
    let message = "Invalid value: \"example.org/other\": field is immutable";
    let answer = stage.put("secrets/app", &update).await;
    answer.invalid("Secret", "app", &[["type", "FieldValueInvalid", message]]);
}

async fn an_update_drops_what_it_leaves_out(stage: &Stage) {
    let metadata = json!({ "name": "app", "annotations": { "a": "1" }, "labels": { "l": "1" } });
    stage.create("configmaps", json!({ "metadata": metadata, "data": { "d": "1" } })).await;
    let update = object("configmaps", json!({ "metadata": { "name": "app" } }));
    let updated = stage.put("configmaps/app", &update).await.ok();
    assert_eq!(updated["data"], Value::Null);
    assert_eq!(updated["metadata"]["annotations"], Value::Null);
    assert_eq!(updated["metadata"]["labels"], Value::Null);
}

async fn an_update_on_a_collection_is_not_allowed(stage: &Stage) {
    let update = object("configmaps", json!({ "metadata": { "name": "app" } }));
    let message = "the server does not allow this method on the requested resource";
    let answer = stage.put("configmaps", &update).await;
    answer.refused(405, "MethodNotAllowed", message, json!({}));
}

async fn a_dry_run_of_an_update_changes_nothing(stage: &Stage) {
    let created = stage.create_named("configmaps/app").await;
    let answer = stage.put("configmaps/app?dryRun=All", &annotated(&created, "1")).await.ok();
    assert_eq!(answer["metadata"]["annotations"], json!({ "a": "1" }));
    assert_eq!(answer["metadata"]["resourceVersion"], created["metadata"]["resourceVersion"]);
    assert_eq!(stage.read("configmaps/app").await, created);
}

async fn a_dying_object_takes_no_new_finalizers(stage: &Stage) {
    let metadata = json!({ "name": "app", "finalizers": ["example.org/a"] });
    stage.create("configmaps", json!({ "metadata": metadata })).await;
    let dying = stage.delete("configmaps/app").await.ok();
    let finalizers = json!(["example.org/a", "example.org/b"]);
    let answer = stage.put("configmaps/app", &with(&dying, "finalizers", finalizers)).await;
    let message = "Forbidden: no new finalizers can be added if the object is being deleted, \
                   found new finalizers []string{\"example.org/b\"}";
    let cause = ["metadata.finalizers", "FieldValueForbidden", message];
    answer.invalid("ConfigMap", "app", &[cause]);
}

async fn a_namespace_keeps_its_own_finalizer_and_phase(stage: &Stage) {
    let path = format!("namespaces/{}", stage.namespace());
    let mut namespace = stage.read(&path).await;
    let before = namespace.clone();
    namespace["spec"] = json!({ "finalizers": [] });
    namespace["status"] = json!({ "phase": "Terminating" });
    assert_eq!(stage.put(&path, &namespace).await.ok(), before);
}
