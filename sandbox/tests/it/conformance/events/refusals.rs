//! What is refused of Events, and in whose name.

use serde_json::{Value, json};

use super::{NEW, both, core_event, create_core, create_new, new_event, new_path};
use crate::conformance::access::until_allowed;
use crate::stage::Stage;

cases![
    a_refusal_names_the_group_that_was_asked,
    what_is_granted_in_one_group_is_not_in_the_other,
    an_event_of_one_version_is_not_taken_for_one_of_the_other,
    fields_of_the_other_version_are_unknown,
    values_of_another_type_are_told_with_their_field,
];

async fn a_refusal_names_the_group_that_was_asked(stage: &Stage) {
    let [core, new] = both(stage, "app");
    for (path, kind) in [(&core, "events"), (&new, "events.events.k8s.io")] {
        stage.get(path).await.not_found(kind, "app");
        stage.delete(path).await.not_found(kind, "app");
    }
    let created = create_new(stage, "app", json!({})).await;
    let again = stage.post("events", &core_event(stage, "app", json!({}))).await;
    assert_eq!(again.json["message"], "events \"app\" already exists");
    let again = stage.post(&new_path(stage, ""), &new_event(stage, "app", json!({}))).await;
    assert_eq!(again.json["message"], "events.events.k8s.io \"app\" already exists");

    let other = json!({ "metadata": { "name": "app", "uid": "other" } });
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/events/{}/app, ResourceVersion: 0, \
         AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: \
         {}",
        stage.namespace(),
        created["metadata"]["uid"].as_str().unwrap()
    );
    let event = new_event(stage, "app", other.clone());
    stage.put(&new, &event).await.conflict("events.events.k8s.io", "app", &why);
    let event = core_event(stage, "app", other);
    stage.put(&core, &event).await.conflict("events", "app", &why);

    // The kind is called as the core group calls it.
    for path in [&core, &new] {
        let precondition = json!({ "preconditions": { "uid": "other" } });
        let answer = stage.ask("DELETE", path).json(&precondition).send().await;
        assert_eq!(answer.json["details"], json!({ "name": "app", "kind": "Event" }));
    }
}

/// Grants the verb on Events of a group.
async fn grant(stage: &Stage, group: &str, verb: &str) {
    let rule = json!({ "apiGroups": [group], "resources": ["events"], "verbs": [verb] });
    let role = json!({ "metadata": { "name": "role" }, "rules": [rule] });
    stage.create("roles", role).await;
    let group = "rbac.authorization.k8s.io";
    let subject = json!({ "apiGroup": group, "kind": "User", "name": "bob" });
    let role = json!({ "apiGroup": group, "kind": "Role", "name": "role" });
    let binding = json!({ "metadata": { "name": "role" }, "roleRef": role, "subjects": [subject] });
    stage.create("rolebindings", binding).await;
}

async fn what_is_granted_in_one_group_is_not_in_the_other(stage: &Stage) {
    create_core(stage, "app", json!({})).await;
    grant(stage, "events.k8s.io", "get").await;
    let [core, new] = both(stage, "app");
    until_allowed(|| stage.ask("GET", &new).by_user("bob")).await.ok();
    let refused = stage.ask("GET", &core).by_user("bob").send().await;
    let message = format!(
        "events \"app\" is forbidden: User \"bob\" cannot get resource \"events\" in API group \
         \"\" in the namespace \"{}\"",
        stage.namespace()
    );
    refused.refused(403, "Forbidden", &message, json!({ "name": "app", "kind": "events" }));
}

async fn an_event_of_one_version_is_not_taken_for_one_of_the_other(stage: &Stage) {
    let new = new_path(stage, "");
    let beta = "events.k8s.io/v1beta1";
    for (path, said, expected) in
        [("events", NEW, "v1"), (&new, "v1", NEW), ("events", beta, "v1"), (&new, beta, NEW)]
    {
        let event = json!({ "apiVersion": said, "kind": "Event", "metadata": { "name": "app" } });
        let message = format!(
            "the API version in the data ({said}) does not match the expected API version \
             ({expected})"
        );
        stage.post(path, &event).await.refused(400, "BadRequest", &message, Value::Null);
        let path = format!("{path}/app");
        stage.put(&path, &event).await.refused(400, "BadRequest", &message, Value::Null);
    }
    let other = json!({ "apiVersion": "v1beta1", "kind": "Event", "metadata": { "name": "app" } });
    let message = "Event in version \"v1beta1\" cannot be handled as a Event: no kind \"Event\" \
                   is registered for version \"v1beta1\" in scheme \
                   \"pkg/runtime/scheme.go:111\"";
    stage.post(&new, &other).await.refused(400, "BadRequest", message, Value::Null);
}

async fn fields_of_the_other_version_are_unknown(stage: &Stage) {
    let event = core_event(stage, "a", json!({ "note": "x", "source": { "x": "y" } }));
    let answer = stage.post("events", &event).await;
    let unknown = |field: &str| format!("299 - \"unknown field \\\"{field}\\\"\"");
    let warnings: Vec<_> = answer.headers.get_all("warning").iter().collect();
    assert_eq!(warnings, [unknown("note").as_str(), unknown("source.x").as_str()]);
    assert_eq!((&answer.json.get("note"), &answer.json["source"]), (&None, &json!({})));
    let event = new_event(stage, "b", json!({ "message": "x" }));
    let strict = format!("{}?fieldValidation=Strict", new_path(stage, ""));
    let message = "Event in version \"v1\" cannot be handled as a Event: strict decoding error: \
                   unknown field \"message\"";
    stage.post(&strict, &event).await.refused(400, "BadRequest", message, Value::Null);
}

async fn values_of_another_type_are_told_with_their_field(stage: &Stage) {
    let new = new_path(stage, "");
    let field = |what: &str, field: &str, go_type: &str| {
        format!("json: cannot unmarshal {what} into Go struct field {field} of type {go_type}")
    };
    for (path, fields, why) in [
        ("events", json!({ "count": "x" }), field("string", "Event.count", "int32")),
        ("events", json!({ "count": 1.5 }), field("number 1.5", "Event.count", "int32")),
        ("events", json!({ "count": 1_i64 << 31 }), field("number 2147483648", "Event.count", "int32")),
        ("events", json!({ "message": 1 }), field("number", "Event.message", "string")),
        (
            "events",
            json!({ "involvedObject": { "name": 1 } }),
            field("number", "ObjectReference.involvedObject.name", "string"),
        ),
        (&new, json!({ "note": [] }), field("array", "Event.note", "string")),
        (
            &new,
            json!({ "series": { "count": "1" } }),
            field("string", "EventSeries.series.count", "int32"),
        ),
        (
            &new,
            json!({ "eventTime": "2026-01-02T03:04:05Z" }),
            "parsing time \"2026-01-02T03:04:05Z\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot \
             parse \"Z\" as \".000000\""
                .to_owned(),
        ),
    ] {
        let event = if path == "events" {
            core_event(stage, "app", fields)
        } else {
            new_event(stage, "app", fields)
        };
        let message = format!("Event in version \"v1\" cannot be handled as a Event: {why}");
        stage.post(path, &event).await.refused(400, "BadRequest", &message, Value::Null);
    }
}
