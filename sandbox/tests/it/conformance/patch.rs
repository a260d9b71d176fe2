//! JSON Patch on annotations: what the lock protocol writes.

use serde_json::{Value, json};

use crate::stage::Stage;

cases![
    a_missing_key_is_null_to_a_test,
    a_missing_map_is_null_to_a_test,
    a_key_cannot_be_added_where_there_is_no_map,
    a_test_of_another_value_fails_and_nothing_is_written,
    a_test_of_the_exact_value_lets_it_be_replaced,
    the_last_annotation_takes_the_map_with_it,
    an_empty_map_is_not_kept,
    a_patch_that_changes_nothing_keeps_the_version,
    every_change_has_a_greater_version_whatever_the_kind,
    a_test_of_the_uid_knows_an_object_from_its_successor,
    a_test_of_the_deletion_knows_the_dying,
    a_dying_namespace_is_known_too,
    a_patch_of_a_missing_object_is_not_found,
    a_patch_in_a_namespace_that_is_not_there_names_the_object,
    other_writers_do_not_disturb_a_patch_without_a_version,
    a_version_in_a_patch_is_a_precondition,
    an_emptied_version_is_no_precondition_where_the_kind_allows_it,
    of_two_claims_at_once_one_wins,
    what_only_the_server_says_cannot_be_patched,
    a_patch_cannot_rename_or_move,
    a_patched_prefix_of_generated_names_is_kept,
    a_kind_cannot_be_patched,
    values_of_another_type_are_invalid,
    null_is_an_empty_string_to_an_annotation,
    a_whole_body_may_be_dropped_but_not_the_metadata,
    an_invalid_key_is_refused_as_at_creation,
    a_dry_run_answers_as_if_and_stores_nothing,
    finalizers_and_owners_may_be_patched,
];

/// All sorts of objects that carry locks: of a namespace and of the cluster, built-in and custom.
const LOCKABLE: [&str; 6] =
    ["configmaps", "leases", "namespaces", "deployments", "widgets", "gadgets"];

const KEY: &str = "/metadata/annotations/a~1b";
const MAP: &str = "/metadata/annotations";

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

/// A configmap with these annotations.
async fn app(stage: &Stage, annotations: Value) -> Value {
    let metadata = json!({ "name": "app", "annotations": annotations });
    stage.create("configmaps", json!({ "metadata": metadata })).await
}

fn test(path: &str, value: impl Into<Value>) -> Value {
    json!({ "op": "test", "path": path, "value": value.into() })
}

fn add(path: &str, value: impl Into<Value>) -> Value {
    json!({ "op": "add", "path": path, "value": value.into() })
}

fn remove(path: &str) -> Value {
    json!({ "op": "remove", "path": path })
}

fn version(of: &Value) -> u64 {
    of["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

async fn a_missing_key_is_null_to_a_test(stage: &Stage) {
    for object in lockables(stage, json!({ "other": "1" })).await {
        let acquire = json!([test(KEY, Value::Null), add(KEY, "mine")]);
        let answer = stage.json_patch(&object, &acquire).await.ok();
        assert_eq!(answer["metadata"]["annotations"], json!({ "a/b": "mine", "other": "1" }));
        stage.json_patch(&object, &acquire).await.failed_patch();
    }
}

async fn a_missing_map_is_null_to_a_test(stage: &Stage) {
    for object in lockables(stage, Value::Null).await {
        let acquire = json!([test(MAP, Value::Null), add(MAP, json!({ "a/b": "mine" }))]);
        let answer = stage.json_patch(&object, &acquire).await.ok();
        assert_eq!(answer["metadata"]["annotations"], json!({ "a/b": "mine" }));
        stage.json_patch(&object, &acquire).await.failed_patch();
    }
}

async fn a_key_cannot_be_added_where_there_is_no_map(stage: &Stage) {
    for object in lockables(stage, Value::Null).await {
        stage.json_patch(&object, &json!([test(KEY, Value::Null)])).await.failed_patch();
        stage.json_patch(&object, &json!([add(KEY, "mine")])).await.failed_patch();
    }
}

async fn a_test_of_another_value_fails_and_nothing_is_written(stage: &Stage) {
    for object in lockables(stage, json!({ "a/b": "theirs" })).await {
        let before = stage.read(&object).await;
        for release in
            [json!([test(KEY, "mine"), remove(KEY)]), json!([remove(KEY), test(KEY, "mine")])]
        {
            stage.json_patch(&object, &release).await.failed_patch();
        }
        assert_eq!(stage.read(&object).await, before);
    }
}

async fn a_test_of_the_exact_value_lets_it_be_replaced(stage: &Stage) {
    for object in lockables(stage, json!({ "a/b": "first" })).await {
        let replace = json!({ "op": "replace", "path": KEY, "value": "second" });
        let renew = json!([test(KEY, "first"), replace]);
        let answer = stage.json_patch(&object, &renew).await.ok();
        assert_eq!(answer["metadata"]["annotations"], json!({ "a/b": "second" }));
        stage.json_patch(&object, &renew).await.failed_patch();
    }
}

async fn the_last_annotation_takes_the_map_with_it(stage: &Stage) {
    for object in lockables(stage, json!({ "a/b": "mine" })).await {
        let release = json!([test(KEY, "mine"), remove(KEY)]);
        let answer = stage.json_patch(&object, &release).await.ok();
        assert_eq!(answer["metadata"].get("annotations"), None);
        stage.json_patch(&object, &json!([test(MAP, Value::Null)])).await.ok();
    }
}

async fn an_empty_map_is_not_kept(stage: &Stage) {
    for object in lockables(stage, Value::Null).await {
        let before = stage.read(&object).await;
        let answer = stage.json_patch(&object, &json!([add(MAP, json!({}))])).await.ok();
        assert_eq!(answer, before);
    }
}

async fn a_patch_that_changes_nothing_keeps_the_version(stage: &Stage) {
    for object in lockables(stage, json!({ "a/b": "mine" })).await {
        let before = stage.read(&object).await;
        let guard = json!([test(KEY, "mine"), add(KEY, "mine")]);
        assert_eq!(stage.json_patch(&object, &guard).await.ok(), before);
    }
}

async fn every_change_has_a_greater_version_whatever_the_kind(stage: &Stage) {
    let objects = lockables(stage, json!({ "a/b": "0" })).await;
    let mut last = 0;
    for round in ["1", "2"] {
        for object in &objects {
            let changed = stage.json_patch(object, &json!([add(KEY, round)])).await.ok();
            assert!(version(&changed) > last, "{object}");
            last = version(&changed);
        }
    }
}

async fn a_test_of_the_uid_knows_an_object_from_its_successor(stage: &Stage) {
    for resource in ["configmaps", "leases", "widgets"] {
        let path = format!("{resource}/app");
        let first = stage.create_named(&path).await;
        let uid = test("/metadata/uid", first["metadata"]["uid"].clone());
        stage.json_patch(&path, &json!([uid])).await.ok();
        stage.delete(&path).await.ok();
        stage.create_named(&path).await;
        stage.json_patch(&path, &json!([uid])).await.failed_patch();
    }
}

async fn a_test_of_the_deletion_knows_the_dying(stage: &Stage) {
    let living = json!([test("/metadata/deletionTimestamp", Value::Null)]);
    for resource in ["configmaps", "leases", "deployments", "widgets"] {
        let path = format!("{resource}/app");
        let metadata = json!({ "name": "app", "finalizers": ["example.org/a"] });
        stage.create(resource, json!({ "metadata": metadata })).await;
        stage.json_patch(&path, &living).await.ok();
        stage.delete(&path).await.ok();
        stage.json_patch(&path, &living).await.failed_patch();
    }
}

async fn a_dying_namespace_is_known_too(stage: &Stage) {
    let living = json!([test("/metadata/deletionTimestamp", Value::Null)]);
    let path = format!("namespaces/{}", stage.namespace());
    stage.json_patch(&path, &living).await.ok();
    stage.delete(&path).await.ok();
    stage.json_patch(&path, &living).await.failed_patch();
    let annotated = stage.json_patch(&path, &json!([add(MAP, json!({ "a/b": "mine" }))])).await;
    assert_eq!(annotated.ok()["metadata"]["annotations"], json!({ "a/b": "mine" }));
}

async fn a_patch_of_a_missing_object_is_not_found(stage: &Stage) {
    for (resource, kind) in [
        ("configmaps", "configmaps"),
        ("leases", "leases.coordination.k8s.io"),
        ("namespaces", "namespaces"),
        ("deployments", "deployments.apps"),
        ("widgets", "widgets.kubelock-test.example.org"),
        ("gadgets", "gadgets.kubelock-test.example.org"),
    ] {
        let path = format!("{resource}/is-not-there");
        stage.json_patch(&path, &json!([])).await.not_found(kind, "is-not-there");
        let answer = stage.merge_patch(&path, &json!({})).await;
        answer.not_found(kind, "is-not-there");
    }
}

async fn a_patch_in_a_namespace_that_is_not_there_names_the_object(stage: &Stage) {
    let path = "/api/v1/namespaces/is-not-there/configmaps/app";
    stage.json_patch(path, &json!([])).await.not_found("configmaps", "app");
    stage.get(path).await.not_found("configmaps", "app");
}

async fn other_writers_do_not_disturb_a_patch_without_a_version(stage: &Stage) {
    app(stage, json!({ "a/b": "mine" })).await;
    let foreign = json!({ "data": { "d": "1" } });
    stage.merge_patch("configmaps/app", &foreign).await.ok();
    let release = json!([test(KEY, "mine"), remove(KEY)]);
    let answer = stage.json_patch("configmaps/app", &release).await.ok();
    assert_eq!(answer["data"], json!({ "d": "1" }));
}

const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

async fn a_version_in_a_patch_is_a_precondition(stage: &Stage) {
    for (resource, kind) in
        [("configmaps", "configmaps"), ("widgets", "widgets.kubelock-test.example.org")]
    {
        let path = format!("{resource}/app");
        let created = stage.create_named(&path).await;
        for other in ["1", "999999999999"] {
            let patch = json!([add("/metadata/resourceVersion", other)]);
            stage.json_patch(&path, &patch).await.conflict(kind, "app", MODIFIED);
            let patch = json!({ "metadata": { "resourceVersion": other } });
            stage.merge_patch(&path, &patch).await.conflict(kind, "app", MODIFIED);
        }
        let same = add("/metadata/resourceVersion", version(&created).to_string());
        let patch = json!([same, add("/metadata/labels", json!({ "l": "1" }))]);
        stage.json_patch(&path, &patch).await.ok();
        let patch = json!([add("/metadata/resourceVersion", "abc")]);
        let message = "strconv.ParseUint: parsing \"abc\": invalid syntax";
        stage.json_patch(&path, &patch).await.refused(500, "", message, Value::Null);
    }
}

async fn an_emptied_version_is_no_precondition_where_the_kind_allows_it(stage: &Stage) {
    let created = app(stage, json!({ "a/b": "mine" })).await;
    stage.create_named("widgets/app").await;
    for empty in [add("/metadata/resourceVersion", ""), remove("/metadata/resourceVersion")] {
        assert_eq!(stage.json_patch("configmaps/app", &json!([empty])).await.ok(), created);
        let answer = stage.json_patch("widgets/app", &json!([empty])).await;
        let message = "Invalid value: 0: must be specified for an update";
        let cause = ["metadata.resourceVersion", "FieldValueInvalid", message];
        answer.invalid("widgets.kubelock-test.example.org", "app", &[cause]);
    }
}

async fn of_two_claims_at_once_one_wins(stage: &Stage) {
    app(stage, json!({ "other": "1" })).await;
    let claim = |owner: &str| json!([test(KEY, Value::Null), add(KEY, owner)]);
    let (alice, bob) = (claim("alice"), claim("bob"));
    let (alice, bob) = tokio::join!(
        stage.json_patch("configmaps/app", &alice),
        stage.json_patch("configmaps/app", &bob)
    );
    let mut codes = [alice.code, bob.code];
    codes.sort_unstable();
    assert_eq!(codes, [200, 422]);
    let winner = if alice.code == 200 { "alice" } else { "bob" };
    let now = stage.read("configmaps/app").await;
    assert_eq!(now["metadata"]["annotations"]["a/b"], winner);
}

async fn what_only_the_server_says_cannot_be_patched(stage: &Stage) {
    let created = app(stage, json!({ "a": "1" })).await;
    for (field, value) in [
        ("creationTimestamp", json!("2001-01-01T00:00:00Z")),
        ("generation", json!(7)),
        ("selfLink", json!("/mine")),
    ] {
        let patch = json!([add(&format!("/metadata/{field}"), value)]);
        assert_eq!(stage.json_patch("configmaps/app", &patch).await.ok(), created, "{field}");
    }
    for (field, value) in [
        ("uid", json!("mine")),
        ("deletionTimestamp", json!("2001-01-01T00:00:00Z")),
        ("deletionGracePeriodSeconds", json!(3)),
    ] {
        let message = format!("Invalid value: {value}: field is immutable");
        let path = format!("metadata.{field}");
        let patch = json!([add(&format!("/metadata/{field}"), value)]);
        let answer = stage.json_patch("configmaps/app", &patch).await;
        answer.invalid("ConfigMap", "app", &[[&path, "FieldValueInvalid", &message]]);
    }
}

async fn a_patch_cannot_rename_or_move(stage: &Stage) {
    for resource in ["configmaps", "widgets"] {
        let path = format!("{resource}/app");
        stage.create_named(&path).await;
        let answer = stage.json_patch(&path, &json!([add("/metadata/name", "other")])).await;
        let message = "the name of the object (other) does not match the name on the URL (app)";
        answer.refused(400, "BadRequest", message, Value::Null);
        let answer = stage.json_patch(&path, &json!([add("/metadata/namespace", "other")])).await;
        let message = "the namespace of the provided object does not match the namespace sent on \
                       the request";
        answer.refused(400, "BadRequest", message, Value::Null);
    }
}

async fn a_patched_prefix_of_generated_names_is_kept(stage: &Stage) {
    app(stage, Value::Null).await;
    let patch = json!([add("/metadata/generateName", "any-")]);
    let patched = stage.json_patch("configmaps/app", &patch).await.ok();
    assert_eq!(patched["metadata"]["generateName"], "any-");
}

async fn a_kind_cannot_be_patched(stage: &Stage) {
    let group = "kubelock-test.example.org";
    stage.create_named("widgets/app").await;
    let answer = stage.json_patch("widgets/app", &json!([add("/kind", "Gadget")])).await;
    let cause = ["kind", "FieldValueInvalid", "Invalid value: \"Gadget\": must be Widget"];
    answer.invalid(&format!("Gadget.{group}"), "app", &[cause]);
    let answer = stage.json_patch("widgets/app", &json!([add("/apiVersion", "v1")])).await;
    let message = format!("Invalid value: \"v1\": must be {group}/v1");
    answer.invalid("Widget", "app", &[["apiVersion", "FieldValueInvalid", &message]]);
    app(stage, Value::Null).await;
    let answer = stage.json_patch("configmaps/app", &json!([add("/kind", "Secret")])).await;
    assert_eq!((answer.code, &answer.json["reason"]), (422, &json!("Invalid")));
    assert_eq!(answer.json["details"]["causes"][0]["field"], "patch");
}

async fn values_of_another_type_are_invalid(stage: &Stage) {
    for resource in ["configmaps", "widgets"] {
        let path = format!("{resource}/app");
        stage.create_named(&path).await;
        for (field, value) in [
            (MAP, json!([])),
            (MAP, json!("text")),
            (MAP, json!({ "a": 1 })),
            (MAP, json!({ "a": { "b": "c" } })),
            ("/metadata/resourceVersion", json!(1)),
            ("/metadata/finalizers", json!("text")),
            ("/metadata/creationTimestamp", json!("text")),
        ] {
            let answer = stage.json_patch(&path, &json!([add(field, value.clone())])).await;
            assert_eq!(answer.code, 422, "{resource} {field} {value}: {}", answer.text());
            assert_eq!(answer.json["reason"], "Invalid");
            let message = answer.json["message"].as_str().unwrap();
            assert!(message.starts_with(" \"\" is invalid: patch: Invalid value: "), "{message}");
            let cause = &answer.json["details"]["causes"][0];
            assert_eq!(
                (&cause["field"], &cause["reason"]),
                (&json!("patch"), &json!("FieldValueInvalid"))
            );
        }
    }
}

async fn null_is_an_empty_string_to_an_annotation(stage: &Stage) {
    for object in lockables(stage, json!({ "a/b": "1" })).await {
        let answer = stage.json_patch(&object, &json!([add(KEY, Value::Null)])).await.ok();
        assert_eq!(answer["metadata"]["annotations"], json!({ "a/b": "" }));
    }
}

async fn a_whole_body_may_be_dropped_but_not_the_metadata(stage: &Stage) {
    for resource in ["configmaps", "widgets"] {
        let path = format!("{resource}/app");
        stage.create_named(&path).await;
        for value in [json!({}), Value::Null] {
            if resource == "widgets" && value.is_null() {
                continue;
            }
            let answer = stage.json_patch(&path, &json!([add("/metadata", value)])).await;
            let message = "the name of the object (app based on URL) was undeterminable: name must \
                           be provided";
            answer.refused(400, "BadRequest", message, Value::Null);
        }
    }
    let data = json!([add("/data", json!({ "d": "1" }))]);
    stage.json_patch("configmaps/app", &data).await.ok();
    let answer = stage.json_patch("configmaps/app", &json!([remove("/data")])).await.ok();
    assert_eq!(answer["data"], Value::Null);
}

async fn an_invalid_key_is_refused_as_at_creation(stage: &Stage) {
    let message = "Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', \
                   '_' or '.', and must start and end with an alphanumeric character (e.g. \
                   'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                   '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let cause = ["metadata.annotations", "FieldValueInvalid", message];
    for (resource, kind, times) in [
        ("configmaps", "ConfigMap", 1),
        ("leases", "Lease.coordination.k8s.io", 1),
        // Custom kinds find the same fault in three places.
        ("widgets", "Widget.kubelock-test.example.org", 3),
    ] {
        let path = format!("{resource}/app");
        stage.create_named(&path).await;
        let answer = stage.json_patch(&path, &json!([add(MAP, json!({ "a b": "1" }))])).await;
        answer.invalid(kind, "app", &vec![cause; times]);
    }
}

async fn a_dry_run_answers_as_if_and_stores_nothing(stage: &Stage) {
    let created = app(stage, json!({ "a/b": "mine" })).await;
    let path = "configmaps/app?dryRun=All";
    let answer = stage.json_patch(path, &json!([remove(KEY)])).await.ok();
    assert_eq!(answer["metadata"]["annotations"], Value::Null);
    assert_eq!(version(&answer), version(&created));
    stage.json_patch(path, &json!([test(KEY, "theirs")])).await.failed_patch();
    assert_eq!(stage.read("configmaps/app").await, created);
}

async fn finalizers_and_owners_may_be_patched(stage: &Stage) {
    app(stage, Value::Null).await;
    let owner = json!({ "apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u" });
    let patch = json!([
        add("/metadata/finalizers", json!(["example.org/a"])),
        add("/metadata/ownerReferences", json!([owner])),
    ]);
    let answer = stage.json_patch("configmaps/app", &patch).await.ok();
    assert_eq!(answer["metadata"]["finalizers"], json!(["example.org/a"]));
    assert_eq!(answer["metadata"]["ownerReferences"], json!([owner]));
    let patch = json!([
        add("/metadata/finalizers", json!([])),
        add("/metadata/ownerReferences", json!([])),
    ]);
    let answer = stage.json_patch("configmaps/app", &patch).await.ok();
    assert_eq!(answer["metadata"].get("finalizers"), None);
    assert_eq!(answer["metadata"].get("ownerReferences"), None);
}
