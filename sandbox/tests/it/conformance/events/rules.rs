//! The rules of Events: `events.k8s.io` has more of them.

use serde_json::{Value, json};

use super::{TIME, both, core_event, create_core, create_new, new_event, new_path};
use crate::stage::Stage;

cases![
    an_event_of_old_is_where_its_object_is,
    a_newer_event_may_be_elsewhere,
    an_event_about_what_is_in_no_namespace_is_in_the_default_one,
    a_new_event_says_when_and_of_what_type,
    an_event_with_a_time_says_who_did_what_and_why,
    what_an_event_says_has_a_length,
    what_events_were_before_is_left_to_the_core_group,
    a_series_has_two_events_and_a_time,
    a_new_event_stays_as_it_is,
    an_event_changes_in_the_core_group_within_the_rules_of_all,
    the_core_group_takes_names_that_the_other_does_not,
    metadata_is_told_where_the_rules_of_old_are_kept,
    finalizers_are_fully_qualified_in_the_new_group,
    what_was_changed_by_the_old_rules_can_be_labelled_by_the_new,
];

const INVALID: &str = "FieldValueInvalid";
const REQUIRED: &str = "FieldValueRequired";
const ELSEWHERE: [&str; 3] =
    ["involvedObject.namespace", INVALID, "Invalid value: \"\": does not match event.namespace"];
const PART: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must \
                    start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  \
                    or '123-abc', regex used for validation is \
                    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

async fn core_refuses(stage: &Stage, fields: Value, causes: &[[&str; 3]]) {
    stage.post("events", &core_event(stage, "app", fields)).await.invalid("Event", "app", causes);
}

async fn new_refuses(stage: &Stage, fields: Value, causes: &[[&str; 3]]) {
    let event = new_event(stage, "app", fields);
    stage.post(&new_path(stage, ""), &event).await.invalid("Event", "app", causes);
}

fn required(field: &str) -> [&str; 3] {
    [field, REQUIRED, "Required value"]
}

async fn an_event_of_old_is_where_its_object_is(stage: &Stage) {
    core_refuses(stage, json!({ "involvedObject": {} }), &[ELSEWHERE]).await;
    let why = "Invalid value: \"other\": does not match event.namespace";
    let other = json!({ "involvedObject": { "namespace": "other" } });
    core_refuses(stage, other, &[["involvedObject.namespace", INVALID, why]]).await;
}

async fn a_newer_event_may_be_elsewhere(stage: &Stage) {
    let other = json!({ "namespace": "other" });
    create_new(stage, "a", json!({ "regarding": other })).await;
    let fields = json!({
        "involvedObject": other, "eventTime": TIME, "reportingComponent": "me", "action": "Did",
        "reportingInstance": "me-1", "reason": "Because",
    });
    create_core(stage, "b", fields).await;
    new_refuses(stage, json!({ "regarding": null }), &[ELSEWHERE]).await;
}

async fn an_event_about_what_is_in_no_namespace_is_in_the_default_one(stage: &Stage) {
    let nowhere = json!({ "kind": "Node", "name": "n" });
    let name = stage.namespace();
    let old = core_event(stage, name, json!({ "involvedObject": nowhere }));
    let new = new_event(stage, name, json!({ "regarding": nowhere }));
    for namespace in ["default", "kube-system"] {
        let core_path = format!("/api/v1/namespaces/{namespace}/events");
        let new_path = format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events");
        stage.post(&new_path, &new).await.created();
        stage.delete(&format!("{core_path}/{name}")).await.ok();
        let answer = stage.post(&core_path, &old).await;
        if namespace == "default" {
            answer.created();
            stage.delete(&format!("{new_path}/{name}")).await.ok();
        } else {
            answer.invalid("Event", name, &[ELSEWHERE]);
        }
    }
}

async fn a_new_event_says_when_and_of_what_type(stage: &Stage) {
    let odd = ["type", INVALID, "Invalid value: \"\": has invalid value: Odd"];
    let none = ["type", INVALID, "Invalid value: \"\": has invalid value: "];
    new_refuses(stage, json!({ "type": "Odd" }), &[odd]).await;
    new_refuses(stage, json!({ "eventTime": null, "type": "" }), &[required("eventTime"), none])
        .await;
    create_new(stage, "app", json!({ "type": "Warning" })).await;
    create_core(stage, "odd", json!({ "type": "Odd" })).await;
}

async fn an_event_with_a_time_says_who_did_what_and_why(stage: &Stage) {
    let empty = "Invalid value: \"\": name part must be non-empty";
    let part = format!("Invalid value: \"\": {PART}");
    let causes = |reporter| {
        [
            required(reporter),
            [reporter, INVALID, empty],
            [reporter, INVALID, &part],
            required("reportingInstance"),
            required("action"),
            required("reason"),
        ]
    };
    core_refuses(stage, json!({ "eventTime": TIME }), &causes("reportingComponent")).await;
    let silent = json!({
        "reportingController": null, "reportingInstance": "", "action": null, "reason": "",
    });
    new_refuses(stage, silent, &causes("reportingController")).await;
    let odd = format!("Invalid value: \"a b\": {PART}");
    let odd = ["reportingController", INVALID, &odd];
    new_refuses(stage, json!({ "reportingController": "a b" }), &[odd]).await;
}

async fn what_an_event_says_has_a_length(stage: &Stage) {
    let (name, note) = ("x".repeat(128), "x".repeat(1024));
    let said = |more: &str| {
        json!({
            "reportingInstance": format!("{name}{more}"), "action": format!("{name}{more}"),
            "reason": format!("{name}{more}"), "note": format!("{note}{more}"),
        })
    };
    create_new(stage, "a", said("")).await;
    let of_name = "Invalid value: \"\": can have at most 128 characters";
    let causes = [
        ["reportingInstance", INVALID, of_name],
        ["action", INVALID, of_name],
        ["reason", INVALID, of_name],
        ["message", INVALID, "Invalid value: \"\": can have at most 1024 characters"],
    ];
    new_refuses(stage, said("x"), &causes).await;
    create_core(stage, "b", json!({ "message": format!("{note}x") })).await;
}

async fn what_events_were_before_is_left_to_the_core_group(stage: &Stage) {
    let time = "2026-01-02T03:04:05Z";
    let old = json!({
        "deprecatedCount": 1, "deprecatedSource": { "host": "here" },
        "deprecatedFirstTimestamp": time, "deprecatedLastTimestamp": time,
    });
    let unset = "Invalid value: \"\": needs to be unset";
    let causes = ["firstTimestamp", "lastTimestamp", "count", "source"];
    new_refuses(stage, old, &causes.map(|field| [field, INVALID, unset])).await;
    create_new(stage, "app", json!({ "deprecatedCount": 0, "deprecatedSource": {} })).await;
}

async fn a_series_has_two_events_and_a_time(stage: &Stage) {
    let few = ["series.count", INVALID, "Invalid value: \"\": should be at least 2"];
    let causes = [few, required("series.lastObservedTime")];
    new_refuses(stage, json!({ "series": {} }), &causes).await;
    create_new(stage, "app", json!({})).await;
    let [core, new] = both(stage, "app");
    let one = json!({ "series": { "count": 1 } });
    stage.merge_patch(&new, &one).await.invalid("Event", "app", &causes);
    stage.merge_patch(&core, &one).await.ok();
    // What was not changed is not looked at.
    stage.merge_patch(&new, &json!({ "metadata": { "labels": { "a": "b" } } })).await.ok();
    stage.merge_patch(&new, &json!({ "series": null })).await.ok();
}

async fn a_new_event_stays_as_it_is(stage: &Stage) {
    create_new(stage, "app", json!({})).await;
    let time = "2026-01-02T03:04:05Z";
    let change = json!({
        "regarding": { "name": "o", "fieldPath": "a\"<b" }, "reason": "y", "note": null,
        "deprecatedSource": { "host": "h" }, "deprecatedFirstTimestamp": time,
        "deprecatedLastTimestamp": time, "deprecatedCount": 3, "type": "Warning",
        "eventTime": "2026-01-02T03:04:05.000007Z", "action": "z", "related": { "name": "r" },
        "reportingController": "c", "reportingInstance": "i",
    });
    let about = format!(
        "{{\"Kind\":\"ConfigMap\",\"Namespace\":\"{}\",\"Name\":\"o\",\"UID\":\"\",\
         \"APIVersion\":\"\",\"ResourceVersion\":\"\",\"FieldPath\":\"a\\\"\\u003cb\"}}",
        stage.namespace()
    );
    let related = "{\"Kind\":\"\",\"Namespace\":\"\",\"Name\":\"r\",\"UID\":\"\",\
                   \"APIVersion\":\"\",\"ResourceVersion\":\"\",\"FieldPath\":\"\"}";
    let told = [
        ("involvedObject", about.as_str()),
        ("reason", "\"y\""),
        ("message", "\"\""),
        ("source", "{\"Component\":\"\",\"Host\":\"h\"}"),
        ("firstTimestamp", "\"2026-01-02T03:04:05Z\""),
        ("lastTimestamp", "\"2026-01-02T03:04:05Z\""),
        ("count", "3"),
        ("type", "\"Warning\""),
        ("eventTime", "\"2026-01-02T03:04:05.000007Z\""),
        ("action", "\"z\""),
        ("related", related),
        ("reportingController", "\"c\""),
        ("reportingInstance", "\"i\""),
    ];
    let told =
        told.map(|(field, value)| (field, format!("Invalid value: {value}: field is immutable")));
    let causes: Vec<[&str; 3]> =
        told.iter().map(|(field, message)| [*field, INVALID, message]).collect();
    stage.merge_patch(&new_path(stage, "app"), &change).await.invalid("Event", "app", &causes);
}

async fn an_event_changes_in_the_core_group_within_the_rules_of_all(stage: &Stage) {
    create_new(stage, "app", json!({})).await;
    let change = json!({
        "involvedObject": { "name": "other" }, "reason": "y", "count": 4, "type": "Odd",
        "related": { "name": "r" }, "source": { "host": "h" },
    });
    let changed = stage.merge_patch("events/app", &change).await.ok();
    assert_eq!((&changed["type"], &changed["count"]), (&json!("Odd"), &json!(4)));
    let silent = stage.merge_patch("events/app", &json!({ "action": null })).await;
    silent.invalid("Event", "app", &[required("action")]);
    let fields = ["related", "count"];
    let values = ["null", "0"].map(|value| format!("Invalid value: {value}: field is immutable"));
    let causes = [["count", INVALID, &values[1]], ["related", INVALID, &values[0]]];
    let gone = json!({ fields[0]: null, "deprecatedCount": null });
    stage.merge_patch(&new_path(stage, "app"), &gone).await.invalid("Event", "app", &causes);
}

async fn the_core_group_takes_names_that_the_other_does_not(stage: &Stage) {
    let created = create_core(stage, "A_b", json!({})).await;
    assert_eq!(
        stage.read(&new_path(stage, "A_b")).await["metadata"]["uid"],
        created["metadata"]["uid"]
    );
    let rule = "Invalid value: \"A_c\": a lowercase RFC 1123 subdomain must consist of lower case \
                alphanumeric characters, '-' or '.', and must start and end with an alphanumeric \
                character (e.g. 'example.com', regex used for validation is \
                '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    let event = new_event(stage, "A_c", json!({}));
    let answer = stage.post(&new_path(stage, ""), &event).await;
    answer.invalid("Event", "A_c", &[["metadata.name", INVALID, rule]]);
    let generated = json!({ "metadata": { "generateName": "A_" } });
    let created = stage.post("events", &core_event(stage, "", generated)).await.created();
    assert!(created["metadata"]["name"].as_str().unwrap().starts_with("A_"));
}

async fn metadata_is_told_where_the_rules_of_old_are_kept(stage: &Stage) {
    let metadata = json!({ "name": "app", "labels": { "-": "" } });
    let label = format!("Invalid value: \"-\": {PART}");
    let label = ["metadata.labels", INVALID, &label];
    core_refuses(stage, json!({ "metadata": metadata }), &[label]).await;
    let both_broken = json!({ "metadata": metadata, "involvedObject": {} });
    core_refuses(stage, both_broken, &[ELSEWHERE]).await;
    let all_broken = json!({ "metadata": metadata, "regarding": {}, "eventTime": null });
    new_refuses(stage, all_broken, &[ELSEWHERE, label, required("eventTime")]).await;

    create_new(stage, "app", json!({})).await;
    let change = json!({ "metadata": { "labels": { "-": "" } }, "reportingInstance": null });
    let missing = required("reportingInstance");
    let stays = ["reportingInstance", INVALID, "Invalid value: \"\": field is immutable"];
    let answer = stage.merge_patch("events/app", &change).await;
    answer.invalid("Event", "app", &[label, missing]);
    let answer = stage.merge_patch(&new_path(stage, "app"), &change).await;
    answer.invalid("Event", "app", &[label, missing, stays]);
}

async fn finalizers_are_fully_qualified_in_the_new_group(stage: &Stage) {
    let short = json!({ "metadata": { "name": "app", "finalizers": ["x"] } });
    let why = "Invalid value: \"x\": name is neither a standard finalizer name nor is it fully \
               qualified";
    new_refuses(stage, short.clone(), &[["metadata.finalizers[0]", INVALID, why]]).await;
    create_core(stage, "app", short).await;
    let waiting = stage.delete(&new_path(stage, "app")).await.ok();
    assert_eq!(waiting["apiVersion"], "events.k8s.io/v1");
    assert!(waiting["metadata"]["deletionTimestamp"].is_string());
    stage.merge_patch("events/app", &json!({ "metadata": { "finalizers": null } })).await.ok();
    stage.get("events/app").await.not_found("events", "app");
}

async fn what_was_changed_by_the_old_rules_can_be_labelled_by_the_new(stage: &Stage) {
    create_core(stage, "app", json!({ "count": 2, "type": "Odd" })).await;
    let labels = json!({ "metadata": { "labels": { "a": "b" } } });
    let labelled = stage.merge_patch(&new_path(stage, "app"), &labels).await.ok();
    assert_eq!(labelled["metadata"]["labels"], json!({ "a": "b" }));
}
