//! GET with `watch`.

use serde_json::{Value, json};

use crate::stage::{Heard, Stage};

cases![over_https:
    a_watch_from_a_version_tells_what_came_after_it,
    a_watch_from_nowhere_begins_with_what_is_there,
    a_watch_of_one_object_is_one_by_its_name,
    a_watch_tells_what_happens_while_it_is_open,
    a_write_that_changes_nothing_is_no_event,
    a_refused_write_is_no_event,
    a_dry_run_is_no_event,
    a_deletion_has_the_version_of_the_deletion,
    a_deletion_with_finalizers_is_first_a_change,
    an_object_that_stops_matching_is_deleted_to_the_watcher,
    a_watch_goes_on_from_the_version_of_its_last_event,
    a_watch_ends_after_its_timeout,
    a_version_yet_to_come_is_waited_for,
    a_version_that_is_no_number_is_a_failure_of_the_server,
    initial_events_end_with_a_bookmark,
    without_bookmarks_initial_events_end_with_nothing,
    initial_events_may_be_left_out,
    initial_events_need_a_match_of_versions,
    a_watch_of_metadata_alone_has_it_in_its_events,
    a_watch_of_lists_of_metadata_ends_at_once,
    a_watch_cannot_be_had_as_yaml,
    bad_selectors_are_refused_before_the_watch_begins,
    a_watch_asked_for_at_an_object_is_a_read,
    a_watch_may_be_asked_for_with_any_word_but_false,
    a_watch_at_an_old_path_is_a_watch,
    events_of_all_namespaces_come_in_the_order_of_their_versions,
    the_status_of_an_object_is_a_change_of_it,
];

fn version(of: &Value) -> String {
    of["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
}

fn annotate(value: &str) -> Value {
    json!({ "metadata": { "annotations": { "a": value } } })
}

fn label(value: &str) -> Value {
    json!({ "metadata": { "labels": { "l": value } } })
}

async fn a_watch_from_a_version_tells_what_came_after_it(stage: &Stage) {
    for resource in ["configmaps", "leases", "widgets"] {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        let patched = stage.merge_patch(&app, &annotate("1")).await.ok();
        stage.delete(&app).await.ok();
        let again = stage.create_named(&app).await;
        let from = version(&created);
        let mut watch = stage.watch(&format!("{resource}?resourceVersion={from}")).await;
        assert_eq!(watch.object("MODIFIED").await, patched);
        let deleted = watch.object("DELETED").await;
        assert_eq!(deleted["metadata"]["uid"], created["metadata"]["uid"]);
        assert_eq!(watch.object("ADDED").await, again);
    }
}

async fn a_watch_from_nowhere_begins_with_what_is_there(stage: &Stage) {
    let a = stage.create_named("configmaps/a").await;
    let b = stage.create_named("configmaps/b").await;
    for query in ["", "?resourceVersion=", "?resourceVersion=0"] {
        let mut watch = stage.watch(&format!("configmaps{query}")).await;
        let mut seen = [watch.object("ADDED").await, watch.object("ADDED").await];
        seen.sort_by_key(|object| object["metadata"]["name"].to_string());
        assert_eq!(seen, [a.clone(), b.clone()], "{query}");
    }
}

async fn a_watch_of_one_object_is_one_by_its_name(stage: &Stage) {
    let other = stage.create_named("configmaps/other").await;
    let from = version(&other);
    let query = format!("fieldSelector=metadata.name%3Dapp&resourceVersion={from}");
    let mut watch = stage.watch(&format!("configmaps?{query}")).await;
    stage.merge_patch("configmaps/other", &annotate("1")).await.ok();
    stage.create_named("configmaps/app").await;
    assert_eq!(watch.words().await, "ADDED app");
    stage.delete("configmaps/other").await.ok();
    stage.delete("configmaps/app").await.ok();
    assert_eq!(watch.words().await, "DELETED app");
}

async fn a_watch_tells_what_happens_while_it_is_open(stage: &Stage) {
    for resource in ["configmaps", "leases", "widgets", "deployments"] {
        let app = format!("{resource}/app");
        let from = version(&stage.read(resource).await);
        let mut watch = stage.watch(&format!("{resource}?resourceVersion={from}")).await;
        assert_eq!(watch.code, 200);
        assert_eq!(stage.create_named(&app).await, watch.object("ADDED").await);
        let patched = stage.merge_patch(&app, &annotate("1")).await.ok();
        assert_eq!(patched, watch.object("MODIFIED").await);
        stage.delete(&app).await.ok();
        assert_eq!(watch.words().await, "DELETED app");
    }
}

async fn a_write_that_changes_nothing_is_no_event(stage: &Stage) {
    let created = stage.create_named("configmaps/app").await;
    let from = version(&created);
    let mut watch = stage.watch(&format!("configmaps?resourceVersion={from}")).await;
    stage.json_patch("configmaps/app", &json!([])).await.ok();
    stage.merge_patch("configmaps/app", &json!({ "metadata": { "annotations": null } })).await.ok();
    stage.put("configmaps/app", &created).await.ok();
    stage.create_named("configmaps/last").await;
    assert_eq!(watch.words().await, "ADDED last");
}

async fn a_refused_write_is_no_event(stage: &Stage) {
    let created = stage.create_named("configmaps/app").await;
    let from = version(&created);
    let mut watch = stage.watch(&format!("configmaps?resourceVersion={from}")).await;
    let test = json!({ "op": "test", "path": "/metadata/uid", "value": "another" });
    let add = json!({ "op": "add", "path": "/metadata/annotations", "value": { "a": "1" } });
    stage.json_patch("configmaps/app", &json!([add, test])).await.failed_patch();
    stage.create_named("configmaps/last").await;
    assert_eq!(watch.words().await, "ADDED last");
}

async fn a_dry_run_is_no_event(stage: &Stage) {
    let from = version(&stage.create_named("configmaps/app").await);
    let mut watch = stage.watch(&format!("configmaps?resourceVersion={from}")).await;
    stage.merge_patch("configmaps/app?dryRun=All", &annotate("1")).await.ok();
    stage.delete("configmaps/app?dryRun=All").await.ok();
    stage.create_named("configmaps/last").await;
    assert_eq!(watch.words().await, "ADDED last");
}

async fn a_deletion_has_the_version_of_the_deletion(stage: &Stage) {
    let created = stage.create_named("configmaps/app").await;
    stage.delete("configmaps/app").await.ok();
    let from = version(&created);
    let mut watch = stage.watch(&format!("configmaps?resourceVersion={from}")).await;
    let deleted = watch.object("DELETED").await;
    assert!(version(&deleted).parse::<u64>().unwrap() > from.parse().unwrap());
    let mut expected = created;
    expected["metadata"]["resourceVersion"] = json!(version(&deleted));
    assert_eq!(deleted, expected);
}

async fn a_deletion_with_finalizers_is_first_a_change(stage: &Stage) {
    let metadata = json!({ "name": "app", "finalizers": ["example.org/a"] });
    let created = stage.create("configmaps", json!({ "metadata": metadata })).await;
    let from = version(&created);
    let mut watch = stage.watch(&format!("configmaps?resourceVersion={from}")).await;
    let dying = stage.delete("configmaps/app").await.ok();
    assert_eq!(watch.object("MODIFIED").await, dying);
    let done = json!({ "metadata": { "finalizers": null } });
    stage.merge_patch("configmaps/app", &done).await.ok();
    assert_eq!(watch.words().await, "DELETED app");
}

async fn an_object_that_stops_matching_is_deleted_to_the_watcher(stage: &Stage) {
    let created = stage.create("configmaps", json!({ "metadata": { "name": "app" } })).await;
    let from = version(&created);
    let query = format!("labelSelector=l%3D1&resourceVersion={from}");
    let mut watch = stage.watch(&format!("configmaps?{query}")).await;
    let first = stage.merge_patch("configmaps/app", &label("1")).await.ok();
    let second = stage.merge_patch("configmaps/app", &label("2")).await.ok();
    stage.merge_patch("configmaps/app", &annotate("1")).await.ok();
    let third = stage.merge_patch("configmaps/app", &label("1")).await.ok();
    assert_eq!(watch.object("ADDED").await, first);
    // As it was when it matched, with the version of the write that ended that.
    let mut left = first;
    left["metadata"]["resourceVersion"] = json!(version(&second));
    assert_eq!(watch.object("DELETED").await, left);
    assert_eq!(watch.object("ADDED").await, third);
}

async fn a_watch_goes_on_from_the_version_of_its_last_event(stage: &Stage) {
    let from = version(&stage.create_named("configmaps/app").await);
    let first = stage.merge_patch("configmaps/app", &annotate("1")).await.ok();
    let second = stage.merge_patch("configmaps/app", &annotate("2")).await.ok();
    let mut watch = stage.watch(&format!("configmaps?resourceVersion={from}")).await;
    let heard = watch.object("MODIFIED").await;
    assert_eq!(heard, first);
    drop(watch);
    let from = version(&heard);
    let mut watch = stage.watch(&format!("configmaps?resourceVersion={from}")).await;
    assert_eq!(watch.object("MODIFIED").await, second);
}

async fn a_watch_ends_after_its_timeout(stage: &Stage) {
    let from = version(&stage.create_named("configmaps/app").await);
    let query = format!("resourceVersion={from}&timeoutSeconds=1");
    let mut watch = stage.watch(&format!("configmaps?{query}")).await;
    assert_eq!((watch.code, watch.next().await), (200, Heard::End));
}

async fn a_version_yet_to_come_is_waited_for(stage: &Stage) {
    let future = "resourceVersion=999999999999&timeoutSeconds=1";
    stage.create_named("configmaps/app").await;
    let mut watch = stage.watch(&format!("configmaps?{future}")).await;
    stage.merge_patch("configmaps/app", &annotate("1")).await.ok();
    assert_eq!((watch.code, watch.next().await), (200, Heard::End));
}

async fn a_version_that_is_no_number_is_a_failure_of_the_server(stage: &Stage) {
    let message = "resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": \
                   invalid syntax";
    let answer = stage.get("configmaps?watch=true&resourceVersion=x").await;
    answer.refused(500, "", message, Value::Null);
}

const INITIAL: &str = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";

async fn initial_events_end_with_a_bookmark(stage: &Stage) {
    for (resource, kind, spec) in [
        ("configmaps", "ConfigMap", None),
        ("leases", "Lease", Some(&json!({}))),
        ("widgets", "Widget", None),
    ] {
        let created = stage.create_named(&format!("{resource}/app")).await;
        let mut watch =
            stage.watch(&format!("{resource}?{INITIAL}&allowWatchBookmarks=true")).await;
        assert_eq!(watch.object("ADDED").await, created);
        let bookmark = watch.object("BOOKMARK").await;
        assert_eq!(bookmark["kind"], kind);
        assert_eq!((bookmark.get("spec"), bookmark.get("status")), (spec, None));
        assert_eq!(bookmark["apiVersion"], created["apiVersion"]);
        let mut metadata = bookmark["metadata"].clone();
        let at = metadata["resourceVersion"].take();
        assert!(at.as_str().unwrap().parse::<u64>().unwrap() >= version(&created).parse().unwrap());
        let end = json!({ "k8s.io/initial-events-end": "true" });
        assert_eq!(metadata, json!({ "resourceVersion": null, "annotations": end }));
        stage.merge_patch(&format!("{resource}/app"), &annotate("1")).await.ok();
        assert_eq!(watch.words().await, "MODIFIED app");
    }
}

async fn without_bookmarks_initial_events_end_with_nothing(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let mut watch = stage.watch(&format!("configmaps?{INITIAL}")).await;
    assert_eq!(watch.words().await, "ADDED app");
    stage.create_named("configmaps/last").await;
    assert_eq!(watch.words().await, "ADDED last");
}

async fn initial_events_may_be_left_out(stage: &Stage) {
    let from = version(&stage.create_named("configmaps/app").await);
    let query = "sendInitialEvents=false&resourceVersionMatch=NotOlderThan";
    let mut watch = stage.watch(&format!("configmaps?{query}&resourceVersion={from}")).await;
    stage.create_named("configmaps/last").await;
    assert_eq!(watch.words().await, "ADDED last");
}

async fn initial_events_need_a_match_of_versions(stage: &Stage) {
    for (query, message) in [
        (
            "sendInitialEvents=true",
            "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        (
            "resourceVersionMatch=NotOlderThan",
            "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is \
             provided",
        ),
    ] {
        let answer = stage.get(&format!("configmaps?watch=true&{query}")).await;
        let cause = ["resourceVersionMatch", "FieldValueForbidden", message];
        answer.invalid("ListOptions.meta.k8s.io", "", &[cause]);
    }
}

const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

async fn a_watch_of_metadata_alone_has_it_in_its_events(stage: &Stage) {
    for resource in ["configmaps", "widgets"] {
        let created = stage.create_named(&format!("{resource}/app")).await;
        let mut watch = stage.watch_as(resource, METADATA).await;
        let expected = json!({
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": created["metadata"],
        });
        assert_eq!(watch.object("ADDED").await, expected);
        stage.delete(&format!("{resource}/app")).await.ok();
        assert_eq!(watch.object("DELETED").await["kind"], "PartialObjectMetadata");
    }
}

async fn a_watch_of_lists_of_metadata_ends_at_once(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let list = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let mut watch = stage.watch_as("configmaps", list).await;
    assert_eq!((watch.code, watch.next().await), (200, Heard::End));
}

async fn a_watch_cannot_be_had_as_yaml(stage: &Stage) {
    let ask = stage.ask("GET", "configmaps?watch=true").accept("application/yaml");
    let answer = ask.send().await;
    assert_eq!(answer.code, 406);
    let told =
        "message: 'only the following media types are accepted: application/json;stream=watch,";
    assert!(answer.text().contains(told), "{}", answer.text());
}

async fn bad_selectors_are_refused_before_the_watch_begins(stage: &Stage) {
    let answer = stage.get("configmaps?watch=true&labelSelector=%28").await;
    let message = "found '(', expected: !, identifier, or 'end of string'";
    answer.refused(400, "BadRequest", message, Value::Null);
    let answer = stage.get("configmaps?watch=true&fieldSelector=a%3Db").await;
    let message =
        "\"a\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
    answer.refused(400, "BadRequest", message, Value::Null);
    let answer = stage.get("configmaps?watch=true&timeoutSeconds=x").await;
    let message = "strconv.ParseInt: parsing \"x\": invalid syntax";
    answer.refused(400, "BadRequest", message, Value::Null);
}

async fn a_watch_asked_for_at_an_object_is_a_read(stage: &Stage) {
    let app = stage.create_named("configmaps/app").await;
    assert_eq!(stage.read("configmaps/app?watch=true").await, app);
    stage.get("configmaps/none?watch=true").await.not_found("configmaps", "none");
}

async fn a_watch_may_be_asked_for_with_any_word_but_false(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    for word in ["watch=1", "watch", "watch=yes", "watch=True"] {
        let answer = stage.get(&format!("configmaps?{word}&timeoutSeconds=1")).await;
        assert_eq!(answer.json["type"], "ADDED", "{word}: {}", answer.text());
    }
    for word in ["watch=false", "watch=0", "watch=FALSE"] {
        assert_eq!(stage.read(&format!("configmaps?{word}")).await["kind"], "ConfigMapList");
    }
}

async fn a_watch_at_an_old_path_is_a_watch(stage: &Stage) {
    let app = stage.create_named("configmaps/app").await;
    let path = format!("/api/v1/watch/namespaces/{}/configmaps", stage.namespace());
    for path in [format!("{path}/app?timeoutSeconds=1"), format!("{path}?timeoutSeconds=1")] {
        let answer = stage.get(&path).await;
        assert_eq!(answer.json, json!({ "type": "ADDED", "object": app }), "{}", answer.text());
    }
}

async fn events_of_all_namespaces_come_in_the_order_of_their_versions(stage: &Stage) {
    let from = version(&stage.create_named("configmaps/app").await);
    let mine = stage.namespace();
    stage.merge_patch("configmaps/app", &label(mine)).await.ok();
    stage.create_named("configmaps/b").await;
    stage.merge_patch("configmaps/b", &label(mine)).await.ok();
    stage.merge_patch("configmaps/app", &annotate("1")).await.ok();
    let query = format!("labelSelector=l%3D{mine}&resourceVersion={from}");
    let mut watch = stage.watch(&format!("/api/v1/configmaps?{query}")).await;
    assert_eq!(watch.words().await, "ADDED app");
    assert_eq!(watch.words().await, "ADDED b");
    assert_eq!(watch.words().await, "MODIFIED app");
}

async fn the_status_of_an_object_is_a_change_of_it(stage: &Stage) {
    let from = version(&stage.create_named("widgets/app").await);
    let mut watch = stage.watch(&format!("widgets?resourceVersion={from}")).await;
    let status = json!({ "status": { "a": 1 } });
    let patched = stage.merge_patch("widgets/app/status", &status).await.ok();
    assert_eq!(watch.object("MODIFIED").await, patched);
}
