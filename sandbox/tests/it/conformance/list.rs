//! GET on a collection.

use serde_json::{Value, json};

use crate::stage::Stage;

cases![
    a_list_is_sorted_by_name_and_its_items_have_no_kind,
    a_list_of_custom_objects_names_their_kind,
    a_list_of_nothing_has_no_items_but_a_version,
    a_namespace_that_is_not_there_has_empty_lists,
    a_list_across_namespaces_is_sorted_by_namespace_and_name,
    a_list_has_a_version_not_older_than_the_last_write,
    pages_are_of_the_same_version,
    a_page_says_how_many_remain,
    a_page_of_a_selection_does_not_count_what_remains,
    the_rest_may_be_taken_at_once,
    a_token_that_makes_no_sense_is_a_bad_request,
    a_token_stands_alone,
    a_token_of_a_forgotten_version_has_expired,
    limits_that_are_no_numbers_are_a_bad_request,
    no_limit_is_zero_or_less,
    any_known_version_may_be_asked_for,
    an_exact_version_shows_the_past,
    a_version_yet_to_come_is_waited_for_in_vain,
    a_match_needs_a_version,
    initial_events_are_for_watches,
];

async fn configmaps(stage: &Stage, names: &[&str]) {
    for name in names {
        stage.create_named(&format!("configmaps/{name}")).await;
    }
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}

async fn a_list_is_sorted_by_name_and_its_items_have_no_kind(stage: &Stage) {
    configmaps(stage, &["b", "a.b", "a-b", "c", "a"]).await;
    let list = stage.read("configmaps").await;
    assert_eq!(list["kind"], "ConfigMapList");
    assert_eq!(list["apiVersion"], "v1");
    assert_eq!(names(&list), ["a", "a-b", "a.b", "b", "c"]);
    assert_eq!(list["items"][0]["kind"], Value::Null);
    let a = stage.read("configmaps/a").await;
    assert_eq!(list["items"][0]["metadata"], a["metadata"]);
}

async fn a_list_of_custom_objects_names_their_kind(stage: &Stage) {
    let widget = stage.create_named("widgets/app").await;
    let list = stage.read("widgets").await;
    assert_eq!(list["kind"], "WidgetList");
    assert_eq!(list["apiVersion"], "kubelock-test.example.org/v1");
    assert_eq!(list["items"], json!([widget]));
}

async fn a_list_of_nothing_has_no_items_but_a_version(stage: &Stage) {
    for resource in ["configmaps", "leases", "widgets"] {
        let list = stage.read(resource).await;
        assert_eq!(list["items"], json!([]), "{resource}");
        assert!(version(&list) > 0);
    }
}

async fn a_namespace_that_is_not_there_has_empty_lists(stage: &Stage) {
    let list = stage.read("/api/v1/namespaces/is-not-there/configmaps").await;
    assert_eq!(list["items"], json!([]));
}

async fn a_list_across_namespaces_is_sorted_by_namespace_and_name(stage: &Stage) {
    configmaps(stage, &["b", "a"]).await;
    let label = json!({ "metadata": { "labels": { "of": stage.namespace() } } });
    stage.merge_patch("configmaps/a", &label).await.ok();
    stage.merge_patch("configmaps/b", &label).await.ok();
    let other = json!({ "metadata": { "generateName": "0-", "labels": { "kubelock-test": "" } } });
    let other = stage.create("namespaces", other).await;
    let path =
        format!("/api/v1/namespaces/{}/configmaps", other["metadata"]["name"].as_str().unwrap());
    let labelled = json!({ "metadata": { "name": "c", "labels": { "of": stage.namespace() } } });
    stage.post(&path, &labelled).await.created();
    let all = format!("/api/v1/configmaps?labelSelector=of%3D{}", stage.namespace());
    assert_eq!(names(&stage.read(&all).await), ["c", "a", "b"]);
    let mine =
        format!("/api/v1/configmaps?fieldSelector=metadata.namespace%3D{}", stage.namespace());
    assert_eq!(names(&stage.read(&mine).await), ["a", "b"]);
}

fn version(of: &Value) -> u64 {
    of["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

async fn a_list_has_a_version_not_older_than_the_last_write(stage: &Stage) {
    let written = stage.create_named("configmaps/app").await;
    assert!(version(&stage.read("configmaps").await) >= version(&written));
    // Of whatever kind: there is one count for all.
    assert!(version(&stage.read("leases").await) >= version(&written));
}

async fn pages_are_of_the_same_version(stage: &Stage) {
    configmaps(stage, &["a", "b", "c", "d", "e"]).await;
    let first = stage.read("configmaps?limit=2").await;
    assert_eq!(names(&first), ["a", "b"]);
    stage.delete("configmaps/d").await.ok();
    configmaps(stage, &["bb"]).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = stage.read(&format!("configmaps?limit=2&continue={token}")).await;
    assert_eq!(names(&second), ["c", "d"]);
    assert_eq!(version(&second), version(&first));
    let token = second["metadata"]["continue"].as_str().unwrap();
    let last = stage.read(&format!("configmaps?limit=2&continue={token}")).await;
    assert_eq!(names(&last), ["e"]);
    assert_eq!(version(&last), version(&first));
    assert!(last["metadata"]["continue"].as_str().unwrap_or_default().is_empty());
}

async fn a_page_says_how_many_remain(stage: &Stage) {
    configmaps(stage, &["a", "b", "c"]).await;
    let first = stage.read("configmaps?limit=1").await;
    assert_eq!(first["metadata"]["remainingItemCount"], 2);
    let all = stage.read("configmaps?limit=3").await;
    assert_eq!(all["metadata"]["remainingItemCount"], Value::Null);
    assert_eq!(all["metadata"]["continue"], Value::Null);
}

async fn a_page_of_a_selection_does_not_count_what_remains(stage: &Stage) {
    for name in ["a", "b", "c"] {
        let metadata = json!({ "name": name, "labels": { "l": "1" } });
        stage.create("configmaps", json!({ "metadata": metadata })).await;
    }
    let first = stage.read("configmaps?limit=1&labelSelector=l%3D1").await;
    assert_eq!(names(&first), ["a"]);
    assert!(first["metadata"]["continue"].is_string());
    assert_eq!(first["metadata"]["remainingItemCount"], Value::Null);
}

async fn the_rest_may_be_taken_at_once(stage: &Stage) {
    configmaps(stage, &["a", "b", "c"]).await;
    let first = stage.read("configmaps?limit=1").await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let rest = stage.read(&format!("configmaps?continue={token}")).await;
    assert_eq!(names(&rest), ["b", "c"]);
}

async fn a_token_that_makes_no_sense_is_a_bad_request(stage: &Stage) {
    let answer = stage.get("configmaps?limit=1&continue=nonsense").await;
    assert_eq!(answer.code, 400);
    assert_eq!(answer.json["reason"], "BadRequest");
    let message = answer.json["message"].as_str().unwrap();
    assert!(
        message.starts_with("invalid continue token: continue key is not valid: "),
        "{message}"
    );
}

async fn a_token_stands_alone(stage: &Stage) {
    configmaps(stage, &["a", "b"]).await;
    let first = stage.read("configmaps?limit=1").await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let answer = stage.get(&format!("configmaps?continue={token}&resourceVersion=5")).await;
    let message = "specifying resource version is not allowed when using continue";
    answer.refused(400, "BadRequest", message, Value::Null);
}

async fn a_token_of_a_forgotten_version_has_expired(stage: &Stage) {
    // {"v":"meta.k8s.io/v1","rv":1,"start":"/a\u0000"}
    let token = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIvYVx1MDAwMCJ9";
    let answer = stage.get(&format!("configmaps?limit=1&continue={token}")).await;
    assert_eq!(answer.code, 410);
    assert_eq!(answer.json["reason"], "Expired");
    assert_eq!(
        answer.json["message"],
        "The provided continue parameter is too old to display a consistent list result. You can \
         start a new list without the continue parameter, or use the continue token in this \
         response to retrieve the remainder of the results. Continuing with the provided token \
         results in an inconsistent list - objects that were created, modified, or deleted between \
         the time the first chunk was returned and now may show up in the list."
    );
    // With the token of this answer the list goes on, inconsistently.
    configmaps(stage, &["a", "b"]).await;
    let token = answer.json["metadata"]["continue"].as_str().unwrap();
    let rest = stage.read(&format!("configmaps?limit=5&continue={token}")).await;
    assert_eq!(names(&rest), ["b"]);
}

async fn limits_that_are_no_numbers_are_a_bad_request(stage: &Stage) {
    for (query, value) in [("limit=x", "x"), ("limit=", ""), ("timeoutSeconds=1.5", "1.5")] {
        let message = format!("strconv.ParseInt: parsing \"{value}\": invalid syntax");
        let answer = stage.get(&format!("configmaps?{query}")).await;
        answer.refused(400, "BadRequest", &message, Value::Null);
    }
}

async fn no_limit_is_zero_or_less(stage: &Stage) {
    configmaps(stage, &["a", "b"]).await;
    for limit in ["0", "-1", "500"] {
        let list = stage.read(&format!("configmaps?limit={limit}")).await;
        assert_eq!(names(&list), ["a", "b"], "{limit}");
    }
}

async fn any_known_version_may_be_asked_for(stage: &Stage) {
    let app = stage.create_named("configmaps/app").await;
    for query in [
        "resourceVersion=0".to_owned(),
        "resourceVersion=1".to_owned(),
        format!("resourceVersion={}", version(&app)),
        format!("resourceVersion={}&resourceVersionMatch=NotOlderThan", version(&app)),
    ] {
        let list = stage.read(&format!("configmaps?{query}")).await;
        if !query.ends_with("=0") && !query.ends_with("=1") {
            assert_eq!(names(&list), ["app"], "{query}");
        }
    }
    assert_eq!(stage.read("configmaps/app?resourceVersion=1").await, app);
    let message = "invalid resource version: resourceVersion: Invalid value: \"x\": \
                   strconv.ParseUint: parsing \"x\": invalid syntax";
    let answer = stage.get("configmaps?resourceVersion=x").await;
    answer.refused(400, "BadRequest", message, Value::Null);
}

async fn an_exact_version_shows_the_past(stage: &Stage) {
    configmaps(stage, &["a", "b"]).await;
    let then = version(&stage.read("configmaps").await);
    stage.delete("configmaps/a").await.ok();
    let exact =
        |version| format!("configmaps?resourceVersion={version}&resourceVersionMatch=Exact");
    let past = stage.read(&exact(then)).await;
    assert_eq!(names(&past), ["a", "b"]);
    assert_eq!(version(&past), then);
    let message = "The resourceVersion for the provided list is too old.";
    stage.get(&exact(1)).await.refused(410, "Expired", message, Value::Null);
}

/// The real server waits some seconds for it, and tells what it knows by now.
async fn a_version_yet_to_come_is_waited_for_in_vain(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let future = "resourceVersion=999999999999";
    for what in [format!("configmaps?{future}"), format!("configmaps/app?{future}")] {
        let answer = stage.get(&what).await;
        assert_eq!(answer.code, 504);
        assert_eq!(answer.json["reason"], "Timeout");
        let message = answer.json["message"].as_str().unwrap();
        let told = "Timeout: Too large resource version: 999999999999, current: ";
        assert!(message.starts_with(told), "{message}");
        assert_eq!(
            answer.json["details"],
            json!({
                "causes": [{
                    "reason": "ResourceVersionTooLarge",
                    "message": "Too large resource version",
                }],
                "retryAfterSeconds": 1,
            })
        );
    }
}

async fn a_match_needs_a_version(stage: &Stage) {
    for (query, reason, message) in [
        (
            "resourceVersionMatch=Exact",
            "FieldValueForbidden",
            "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            "resourceVersion=0&resourceVersionMatch=Exact",
            "FieldValueForbidden",
            "Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        ),
        (
            "resourceVersion=1&resourceVersionMatch=Nearly",
            "FieldValueNotSupported",
            "Unsupported value: \"Nearly\": supported values: \"Exact\", \"NotOlderThan\", \"\"",
        ),
    ] {
        let answer = stage.get(&format!("configmaps?{query}")).await;
        let cause = ["resourceVersionMatch", reason, message];
        answer.invalid("ListOptions.meta.k8s.io", "", &[cause]);
    }
}

async fn initial_events_are_for_watches(stage: &Stage) {
    let answer = stage.get("configmaps?sendInitialEvents=true").await;
    let message = "Forbidden: sendInitialEvents is forbidden for list";
    let cause = ["sendInitialEvents", "FieldValueForbidden", message];
    answer.invalid("ListOptions.meta.k8s.io", "", &[cause]);
}
