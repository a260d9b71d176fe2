//! Selectors of labels and fields.

use form_urlencoded::byte_serialize;
use serde_json::{Value, json};

use crate::stage::Stage;

cases![
    labels_are_selected_by_equality,
    labels_are_selected_by_sets,
    labels_are_selected_by_their_presence,
    labels_are_selected_by_number,
    all_requirements_must_be_met,
    spaces_and_empty_values_are_allowed,
    what_cannot_be_parsed_is_a_bad_request,
    keys_and_values_are_checked_as_labels_are,
    fields_are_selected_by_name_and_namespace,
    other_fields_are_refused,
    what_is_no_field_selector_is_a_bad_request,
];

const TIERS: [(&str, &str); 3] = [("a", "web"), ("b", "store"), ("c", "")];

/// Three with a tier each, and one without labels.
async fn tiers(stage: &Stage) {
    for (name, tier) in TIERS {
        let labels = json!({ "tier": tier, "only": name, "n": name.len().to_string() });
        let metadata = json!({ "name": name, "labels": labels });
        stage.create("configmaps", json!({ "metadata": metadata })).await;
    }
    stage.create_named("configmaps/plain").await;
    let more = json!({ "metadata": { "labels": { "n": "20", "many": "" } } });
    stage.merge_patch("configmaps/b", &more).await.ok();
}

fn query(kind: &str, selector: &str) -> String {
    let selector: String = byte_serialize(selector.as_bytes()).collect();
    format!("configmaps?{kind}Selector={selector}")
}

async fn select(stage: &Stage, kind: &str, selector: &str) -> String {
    let list = stage.read(&query(kind, selector)).await;
    let items = list["items"].as_array().unwrap();
    let names: Vec<_> =
        items.iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect();
    names.join(" ")
}

/// Each selector with the names that it selects.
async fn selects(stage: &Stage, kind: &str, expected: &[(&str, &str)]) {
    for (selector, names) in expected {
        assert_eq!(select(stage, kind, selector).await, *names, "{selector}");
    }
}

async fn labels_are_selected_by_equality(stage: &Stage) {
    tiers(stage).await;
    let expected = [
        ("tier=web", "a"),
        ("tier==web", "a"),
        ("tier!=web", "b c plain"),
        ("tier=WEB", ""),
        ("Tier=web", ""),
        ("missing!=x", "a b c plain"),
    ];
    selects(stage, "label", &expected).await;
}

async fn labels_are_selected_by_sets(stage: &Stage) {
    tiers(stage).await;
    let expected = [
        ("tier in (web)", "a"),
        ("tier in (web,store)", "a b"),
        ("tier in (web, )", "a c"),
        ("tier in ()", "c"),
        ("tier notin (web)", "b c plain"),
        ("tier notin (web,store,)", "plain"),
    ];
    selects(stage, "label", &expected).await;
}

async fn labels_are_selected_by_their_presence(stage: &Stage) {
    tiers(stage).await;
    let expected = [("tier", "a b c"), ("!tier", "plain"), ("many", "b"), ("!many", "a c plain")];
    selects(stage, "label", &expected).await;
}

async fn labels_are_selected_by_number(stage: &Stage) {
    tiers(stage).await;
    let expected = [("n>1", "b"), ("n<2", "a c"), ("n>20", ""), ("tier<9", "")];
    selects(stage, "label", &expected).await;
}

async fn all_requirements_must_be_met(stage: &Stage) {
    tiers(stage).await;
    let expected = [("tier,!many", "a c"), ("n=1,n=20", ""), ("tier in (web,store),n=20", "b")];
    selects(stage, "label", &expected).await;
}

async fn spaces_and_empty_values_are_allowed(stage: &Stage) {
    tiers(stage).await;
    let expected = [("", "a b c plain"), (" tier = web ", "a"), ("tier=", "c"), ("tier==,n", "c")];
    selects(stage, "label", &expected).await;
}

async fn refuses(stage: &Stage, kind: &str, selector: &str, message: &str) {
    let answer = stage.get(&query(kind, selector)).await;
    answer.refused(400, "BadRequest", message, Value::Null);
}

async fn what_cannot_be_parsed_is_a_bad_request(stage: &Stage) {
    let operators = "in, notin, =, ==, !=, gt, lt";
    for (selector, message) in [
        ("=x", "found '=', expected: !, identifier, or 'end of string'".into()),
        ("(", "found '(', expected: !, identifier, or 'end of string'".into()),
        ("a=b,", "found '', expected: identifier after ','".into()),
        ("a=b c", "found 'c', expected: ',' or 'end of string'".into()),
        ("a in", "unable to parse requirement: found '' expected: '('".into()),
        ("a===b", "unable to parse requirement: found '=', expected: identifier".into()),
        ("a b", format!("unable to parse requirement: found 'b', expected: {operators}")),
        ("a gt 1", format!("unable to parse requirement: found 'gt', expected: {operators}")),
    ] {
        refuses(stage, "label", selector, &message).await;
    }
}

async fn keys_and_values_are_checked_as_labels_are(stage: &Stage) {
    let qualified = "must consist of alphanumeric characters, '-', '_' or '.', and must start and \
                     end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
                     '123-abc', regex used for validation is \
                     '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let value = "a valid label must be an empty string or consist of alphanumeric characters, \
                 '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
                 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
                 '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    let unable = "unable to parse requirement:";
    let message = format!("{unable} <nil>: Invalid value: \"-a\": name part {qualified}");
    refuses(stage, "label", "-a=b", &message).await;
    let message = format!("{unable} values[0][a]: Invalid value: \"-b\": {value}");
    refuses(stage, "label", "a=-b", &message).await;
}

async fn fields_are_selected_by_name_and_namespace(stage: &Stage) {
    tiers(stage).await;
    let here = format!("metadata.namespace={}", stage.namespace());
    let both = format!("metadata.name=a,{here}");
    let expected = [
        ("metadata.name=a", "a"),
        ("metadata.name==a", "a"),
        ("metadata.name!=a", "b c plain"),
        ("metadata.name=", ""),
        ("metadata.name=a,metadata.name=b", ""),
        ("metadata.namespace=elsewhere", ""),
        (&here, "a b c plain"),
        (&both, "a"),
        ("", "a b c plain"),
    ];
    selects(stage, "field", &expected).await;
}

async fn other_fields_are_refused(stage: &Stage) {
    for field in ["data.a", "metadata.uid", "metadata.labels.tier", "status.phase"] {
        let message = format!(
            "\"{field}\" is not a known field selector: only \"metadata.name\", \
             \"metadata.namespace\""
        );
        refuses(stage, "field", &format!("{field}=x"), &message).await;
    }
}

async fn what_is_no_field_selector_is_a_bad_request(stage: &Stage) {
    for selector in ["metadata.name", "metadata.name in (a)"] {
        let message = format!("invalid selector: '{selector}'; can't understand '{selector}'");
        refuses(stage, "field", selector, &message).await;
    }
}
