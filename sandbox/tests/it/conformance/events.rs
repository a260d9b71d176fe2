//! Events, which the core group and `events.k8s.io` serve as one kind.

mod refusals;
mod rules;
mod selector;

use serde_json::{Value, json};

use crate::stage::Stage;

cases![
    an_event_is_one_object_in_both_groups,
    an_event_of_old_is_told_by_the_new_names_too,
    what_is_empty_is_told_as_each_version_does,
    a_list_in_either_group_has_the_events_of_both,
    an_event_is_changed_through_either_group,
    a_patch_finds_the_names_of_its_own_group,
    an_event_is_replaced_through_either_group,
    an_event_is_created_by_put_in_either_group,
    an_event_is_deleted_through_either_group,
    a_deletion_of_an_event_waits_for_no_dependents,
    the_events_of_both_groups_are_deleted_together,
    a_watch_in_either_group_tells_what_came_through_the_other,
    a_bookmark_of_events_is_an_empty_event,
    an_event_is_told_in_one_table_by_both_groups,
    a_series_is_told_by_its_own_count,
    the_server_calls_both_by_one_name_within,
];

const NEW: &str = "events.k8s.io/v1";
const TIME: &str = "2026-01-02T03:04:05.000006Z";

/// The path of `app`, or of all if it is empty, in `events.k8s.io`.
fn new_path(stage: &Stage, name: &str) -> String {
    let namespace = stage.namespace();
    format!("/apis/{NEW}/namespaces/{namespace}/events/{name}").trim_end_matches('/').to_owned()
}

/// The same in both groups, the core group first.
fn both(stage: &Stage, name: &str) -> [String; 2] {
    [stage.path(&format!("events/{name}")).trim_end_matches('/').to_owned(), new_path(stage, name)]
}

fn with(mut object: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("{fields} is no object") };
    for (name, value) in fields {
        object[name] = value;
    }
    object
}

fn about(stage: &Stage) -> Value {
    json!({ "kind": "ConfigMap", "namespace": stage.namespace(), "name": "app" })
}

/// An Event as the core group takes it, with these fields.
fn core_event(stage: &Stage, name: &str, fields: Value) -> Value {
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": { "name": name },
        "involvedObject": about(stage),
    });
    with(event, fields)
}

/// An Event as `events.k8s.io` takes it, with these fields.
fn new_event(stage: &Stage, name: &str, fields: Value) -> Value {
    let event = json!({
        "apiVersion": NEW, "kind": "Event", "metadata": { "name": name },
        "eventTime": TIME, "reportingController": "example.org/me", "reportingInstance": "me-1",
        "action": "Did", "reason": "Because", "type": "Normal", "note": "told",
        "regarding": about(stage),
    });
    with(event, fields)
}

async fn create_core(stage: &Stage, name: &str, fields: Value) -> Value {
    stage.post("events", &core_event(stage, name, fields)).await.created()
}

async fn create_new(stage: &Stage, name: &str, fields: Value) -> Value {
    stage.post(&new_path(stage, ""), &new_event(stage, name, fields)).await.created()
}

/// Without what the server says of every object, and of who manages its fields.
fn content(mut event: Value) -> Value {
    event.as_object_mut().unwrap().remove("metadata");
    event
}

/// The metadata that all versions have alike.
fn metadata(event: &Value) -> Value {
    let mut metadata = event["metadata"].clone();
    metadata.as_object_mut().unwrap().remove("managedFields");
    metadata
}

async fn an_event_is_one_object_in_both_groups(stage: &Stage) {
    let series = json!({ "count": 2, "lastObservedTime": TIME });
    let created = create_new(stage, "app", json!({ "series": series })).await;
    let [core, new] = both(stage, "app");
    let (core, new) = (stage.read(&core).await, stage.read(&new).await);
    assert_eq!(new, created);
    assert_eq!(metadata(&core), metadata(&created));
    assert_eq!(
        content(core),
        json!({
            "apiVersion": "v1", "kind": "Event", "involvedObject": about(stage),
            "reason": "Because", "message": "told", "source": {}, "firstTimestamp": null,
            "lastTimestamp": null, "type": "Normal", "eventTime": TIME, "series": series,
            "action": "Did", "reportingComponent": "example.org/me", "reportingInstance": "me-1",
        })
    );
}

async fn an_event_of_old_is_told_by_the_new_names_too(stage: &Stage) {
    let (first, last) = ("2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z");
    let source = json!({ "component": "me", "host": "here" });
    let fields = json!({
        "count": 3, "firstTimestamp": first, "lastTimestamp": last, "source": source,
        "message": "told", "reason": "Because", "type": "Odd", "related": { "name": "other" },
        "reportingComponent": "me",
    });
    let created = create_core(stage, "Of_old", fields).await;
    let new = stage.read(&new_path(stage, "Of_old")).await;
    assert_eq!(metadata(&new), metadata(&created));
    assert_eq!(
        content(new),
        json!({
            "apiVersion": NEW, "kind": "Event", "regarding": about(stage), "deprecatedCount": 3,
            "deprecatedFirstTimestamp": first, "deprecatedLastTimestamp": last,
            "deprecatedSource": source, "note": "told", "reason": "Because", "type": "Odd",
            "related": { "name": "other" }, "reportingController": "me", "eventTime": null,
        })
    );
}

async fn what_is_empty_is_told_as_each_version_does(stage: &Stage) {
    let empty = json!({
        "count": 0, "message": "", "source": { "host": "" }, "related": {}, "series": {},
        "eventTime": null, "firstTimestamp": null,
    });
    let created = create_core(stage, "app", empty).await;
    assert_eq!(
        content(created),
        json!({
            "apiVersion": "v1", "kind": "Event", "involvedObject": about(stage), "source": {},
            "related": {}, "series": { "lastObservedTime": null }, "firstTimestamp": null,
            "lastTimestamp": null, "eventTime": null, "reportingComponent": "",
            "reportingInstance": "",
        })
    );
    assert_eq!(
        content(stage.read(&new_path(stage, "app")).await),
        json!({
            "apiVersion": NEW, "kind": "Event", "regarding": about(stage), "related": {},
            "series": { "count": 0, "lastObservedTime": null }, "eventTime": null,
            "deprecatedSource": {}, "deprecatedFirstTimestamp": null,
            "deprecatedLastTimestamp": null,
        })
    );
}

async fn a_list_in_either_group_has_the_events_of_both(stage: &Stage) {
    create_core(stage, "a", json!({})).await;
    create_new(stage, "b", json!({})).await;
    for path in both(stage, "") {
        let list = stage.read(&path).await;
        assert_eq!(list["kind"], "EventList");
        let mut items = Vec::new();
        for name in ["a", "b"] {
            let mut item = stage.read(&format!("{path}/{name}")).await;
            assert_eq!(list["apiVersion"], item["apiVersion"]);
            item.as_object_mut()
                .unwrap()
                .retain(|member, _| member != "kind" && member != "apiVersion");
            items.push(item);
        }
        assert_eq!(list["items"], json!(items), "{path}");
    }
}

async fn an_event_is_changed_through_either_group(stage: &Stage) {
    let created = create_new(stage, "app", json!({})).await;
    let [core, new] = both(stage, "app");
    let patched = stage.merge_patch(&core, &json!({ "message": "more", "count": 2 })).await.ok();
    assert_ne!(patched["metadata"]["resourceVersion"], created["metadata"]["resourceVersion"]);
    let seen = stage.read(&new).await;
    assert_eq!((&seen["note"], &seen["deprecatedCount"]), (&json!("more"), &json!(2)));
    assert_eq!(metadata(&seen), metadata(&patched));

    let series = json!({ "series": { "count": 2, "lastObservedTime": TIME } });
    let patched = stage.strategic_patch(&new, &series).await.ok();
    let seen = stage.read(&core).await;
    assert_eq!(seen["series"], series["series"]);
    assert_eq!(metadata(&seen), metadata(&patched));

    let unchanged = stage.merge_patch(&new, &json!({ "note": "more" })).await.ok();
    assert_eq!(unchanged, patched);
}

async fn a_patch_finds_the_names_of_its_own_group(stage: &Stage) {
    create_new(stage, "app", json!({})).await;
    let [core, new] = both(stage, "app");
    let test = |path: &str, value: Value| json!([{ "op": "test", "path": path, "value": value }]);
    for (group, path, value) in [
        (&core, "/involvedObject/name", json!("app")),
        (&core, "/source", json!({})),
        (&core, "/message", json!("told")),
        (&new, "/regarding/name", json!("app")),
        (&new, "/deprecatedFirstTimestamp", Value::Null),
        (&new, "/note", json!("told")),
    ] {
        stage.json_patch(group, &test(path, value)).await.ok();
        let other = if *group == core { &new } else { &core };
        let missing = json!([{ "op": "remove", "path": path }]);
        stage.json_patch(other, &missing).await.failed_patch();
    }
    let warned = stage.merge_patch(&core, &json!({ "note": "other" })).await;
    assert_eq!(warned.header("warning"), "299 - \"unknown field \\\"note\\\"\"");
    assert_eq!(warned.ok()["message"], "told");
}

async fn an_event_is_replaced_through_either_group(stage: &Stage) {
    create_new(stage, "app", json!({})).await;
    let [core, new] = both(stage, "app");
    let event = with(stage.read(&core).await, json!({ "message": "more", "reason": "Other" }));
    let replaced = stage.put(&core, &event).await.ok();
    let seen = stage.read(&new).await;
    assert_eq!((&seen["note"], &seen["reason"]), (&json!("more"), &json!("Other")));
    assert_eq!(metadata(&seen), metadata(&replaced));
    assert_eq!(stage.put(&core, &replaced).await.ok(), replaced);
    stage.put(&core, &event).await.conflict(
        "events",
        "app",
        "the object has been modified; please apply your changes to the latest version and try \
         again",
    );
}

async fn an_event_is_created_by_put_in_either_group(stage: &Stage) {
    let [core, new] = both(stage, "a");
    let created = stage.put(&core, &core_event(stage, "a", json!({}))).await.created();
    assert_eq!(metadata(&stage.read(&new).await), metadata(&created));
    let [core, new] = both(stage, "b");
    let created = stage.put(&new, &new_event(stage, "b", json!({}))).await.created();
    assert_eq!(metadata(&stage.read(&core).await), metadata(&created));
}

async fn an_event_is_deleted_through_either_group(stage: &Stage) {
    for at in [0, 1] {
        let created = create_new(stage, "app", json!({})).await;
        let paths = both(stage, "app");
        let deleted = stage.delete(&paths[at]).await.ok();
        let uid = created["metadata"]["uid"].clone();
        let mut details = json!({ "name": "app", "kind": "events", "uid": uid });
        if at == 1 {
            details["group"] = json!("events.k8s.io");
        }
        assert_eq!(deleted["details"], details);
        assert_eq!(stage.get(&paths[1 - at]).await.code, 404);
    }
}

async fn a_deletion_of_an_event_waits_for_no_dependents(stage: &Stage) {
    for policy in ["Foreground", "Orphan"] {
        create_core(stage, "app", json!({})).await;
        let [core, new] = both(stage, "app");
        let deleted = stage.delete(&format!("{new}?propagationPolicy={policy}")).await.ok();
        assert_eq!(deleted["status"], "Success");
        stage.get(&core).await.not_found("events", "app");
    }
}

async fn the_events_of_both_groups_are_deleted_together(stage: &Stage) {
    create_core(stage, "a", json!({})).await;
    create_new(stage, "b", json!({})).await;
    let [core, new] = both(stage, "");
    let all = stage.read(&new).await;
    let deleted = stage.delete(&new).await.ok();
    assert_eq!(deleted["items"], all["items"]);
    assert_eq!(stage.read(&core).await["items"], json!([]));
}

async fn a_watch_in_either_group_tells_what_came_through_the_other(stage: &Stage) {
    let [core, new] = both(stage, "");
    let from = stage.read(&core).await["metadata"]["resourceVersion"].clone();
    let from = format!("?resourceVersion={}", from.as_str().unwrap());
    let mut of_core = stage.watch(&format!("{core}{from}")).await;
    let mut of_new = stage.watch(&format!("{new}{from}")).await;
    let [at_core, at_new] = both(stage, "app");

    let created = create_new(stage, "app", json!({})).await;
    assert_eq!(of_new.object("ADDED").await, created);
    assert_eq!(of_core.object("ADDED").await, stage.read(&at_core).await);
    let patched = stage.merge_patch(&at_core, &json!({ "message": "more" })).await.ok();
    assert_eq!(of_core.object("MODIFIED").await, patched);
    assert_eq!(of_new.object("MODIFIED").await, stage.read(&at_new).await);
    stage.delete(&at_new).await.ok();
    let (deleted, other) = (of_core.object("DELETED").await, of_new.object("DELETED").await);
    assert_eq!((&deleted["message"], &other["note"]), (&json!("more"), &json!("more")));
    assert_eq!(metadata(&deleted), metadata(&other));

    // From before all this, it is told the same.
    let mut again = stage.watch(&format!("{core}{from}")).await;
    assert_eq!(again.words().await, "ADDED app");
    assert_eq!(again.words().await, "MODIFIED app");
    assert_eq!(again.words().await, "DELETED app");
}

async fn a_bookmark_of_events_is_an_empty_event(stage: &Stage) {
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    for (path, expected) in both(stage, "").iter().zip([
        json!({
            "apiVersion": "v1", "kind": "Event", "involvedObject": {}, "source": {},
            "firstTimestamp": null, "lastTimestamp": null, "eventTime": null,
            "reportingComponent": "", "reportingInstance": "",
        }),
        json!({
            "apiVersion": NEW, "kind": "Event", "regarding": {}, "deprecatedSource": {},
            "deprecatedFirstTimestamp": null, "deprecatedLastTimestamp": null, "eventTime": null,
        }),
    ]) {
        let mut watch = stage.watch(&format!("{path}?{query}")).await;
        assert_eq!(content(watch.object("BOOKMARK").await), expected);
    }
}

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// The cells of the only row, and the object that it is of.
async fn row(stage: &Stage, path: &str) -> (Vec<Value>, Value) {
    let what = format!("{path}?includeObject=Object");
    let mut table = stage.ask("GET", &what).accept(TABLE).send().await.ok();
    let row = &mut table["rows"][0];
    (row["cells"].as_array().unwrap().clone(), row["object"].take())
}

async fn an_event_is_told_in_one_table_by_both_groups(stage: &Stage) {
    create_new(stage, "app", json!({})).await;
    let [core, new] = both(stage, "app");
    let ((cells, core_object), (same, new_object)) =
        (row(stage, &core).await, row(stage, &new).await);
    assert_eq!(cells, same);
    let told = ["Normal", "Because", "configmap/app", "", "example.org/me, me-1", "told"];
    assert_eq!(cells[1..7], told);
    assert_eq!(cells[8..], [json!(1), json!("app")]);
    assert_eq!(core_object, stage.read(&core).await);
    assert_eq!(new_object, stage.read(&new).await);
}

async fn a_series_is_told_by_its_own_count(stage: &Stage) {
    let fields = json!({ "count": 3, "lastTimestamp": "2026-01-02T03:04:05Z" });
    create_core(stage, "app", fields).await;
    for path in both(stage, "app") {
        assert_eq!(row(stage, &path).await.0[8], 3);
    }
    stage.merge_patch("events/app", &json!({ "series": { "count": 9 } })).await.ok();
    for path in both(stage, "app") {
        let (cells, _) = row(stage, &path).await;
        assert_eq!((&cells[0], &cells[8]), (&json!("<unknown>"), &json!(9)));
    }
}

async fn the_server_calls_both_by_one_name_within(stage: &Stage) {
    for path in both(stage, "") {
        let accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
        let answer = stage.ask("GET", &path).accept(accept).send().await;
        let message = "you requested PartialObjectMetadata, but the requested object is a list \
                       (*core.EventList)";
        answer.refused(406, "NotAcceptable", message, Value::Null);
    }
}
