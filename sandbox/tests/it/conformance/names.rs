//! What may be a name, a label, an annotation's key, a finalizer.

use serde_json::json;

use crate::stage::{Answer, Stage, object};

cases![
    names_are_subdomains,
    names_are_no_longer_than_253_characters,
    names_of_namespaces_have_no_dots,
    a_prefix_to_generate_from_is_checked_with_the_name,
    keys_are_a_name_and_an_optional_subdomain,
    keys_of_annotations_may_have_capitals_in_their_prefix,
    key_names_have_at_most_63_bytes,
    an_empty_key_has_two_faults,
    label_values_have_at_most_63_bytes_of_few_characters,
    finalizers_are_qualified_names,
    annotations_have_at_most_256_kib_together,
];

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start \
    and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used \
    for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, \
    '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or \
    'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

fn wrong(value: &str, why: &str) -> String {
    format!("Invalid value: \"{value}\": {why}")
}

async fn with_metadata(stage: &Stage, field: &str, value: serde_json::Value) -> Answer {
    let mut metadata = json!({ "name": "app" });
    metadata[field] = value;
    let object = object("configmaps", json!({ "metadata": metadata }));
    stage.post("configmaps?dryRun=All", &object).await
}

#[track_caller]
fn refuses(answer: &Answer, field: &str, message: &str) {
    answer.invalid("ConfigMap", "app", &[[field, "FieldValueInvalid", message]]);
}

async fn names_are_subdomains(stage: &Stage) {
    for name in ["App", "a_b", "-a", "a.", "a..b", "é", "a b", "a/b", "."] {
        for (resource, kind) in
            [("configmaps", "ConfigMap"), ("widgets", "Widget.kubelock-test.example.org")]
        {
            let object = object(resource, json!({ "metadata": { "name": name } }));
            let answer = stage.post(resource, &object).await;
            let message = wrong(name, SUBDOMAIN);
            answer.invalid(kind, name, &[["metadata.name", "FieldValueInvalid", &message]]);
        }
    }
    for name in ["a", "0", "a.b-c.d"] {
        stage.create_named(&format!("configmaps/{name}")).await;
    }
}

async fn names_are_no_longer_than_253_characters(stage: &Stage) {
    stage.create_named(&format!("configmaps/{}", "a".repeat(253))).await;
    let name = "a".repeat(254);
    let object = object("configmaps", json!({ "metadata": { "name": name } }));
    let answer = stage.post("configmaps", &object).await;
    let message = wrong(&name, "must be no more than 253 characters");
    answer.invalid("ConfigMap", &name, &[["metadata.name", "FieldValueInvalid", &message]]);
}

async fn names_of_namespaces_have_no_dots(stage: &Stage) {
    let object = object("namespaces", json!({ "metadata": { "name": "a.b" } }));
    let message = wrong("a.b", "must not contain dots");
    let answer = stage.post("namespaces", &object).await;
    answer.invalid("Namespace", "a.b", &[["metadata.name", "FieldValueInvalid", &message]]);
}

async fn a_prefix_to_generate_from_is_checked_with_the_name(stage: &Stage) {
    let object = object("configmaps", json!({ "metadata": { "generateName": "App_" } }));
    let answer = stage.post("configmaps", &object).await;
    let name = answer.json["details"]["name"].as_str().unwrap();
    answer.invalid(
        "ConfigMap",
        name,
        &[
            ["metadata.generateName", "FieldValueInvalid", &wrong("App_", SUBDOMAIN)],
            ["metadata.name", "FieldValueInvalid", &wrong(name, SUBDOMAIN)],
        ],
    );
}

async fn keys_are_a_name_and_an_optional_subdomain(stage: &Stage) {
    for field in ["labels", "annotations"] {
        let path = format!("metadata.{field}");
        for (key, why) in [
            ("a b", format!("name part {QUALIFIED}")),
            ("-a", format!("name part {QUALIFIED}")),
            ("a/é", format!("name part {QUALIFIED}")),
            ("a_b/c", format!("prefix part {SUBDOMAIN}")),
            ("/c", "prefix part must be non-empty".into()),
            (
                "a/b/c",
                format!(
                    "a valid label key {QUALIFIED} with an optional DNS subdomain prefix and '/' \
                     (e.g. 'example.com/MyName')"
                ),
            ),
        ] {
            let answer = with_metadata(stage, field, json!({ key: "1" })).await;
            refuses(&answer, &path, &wrong(key, &why));
        }
        for key in ["a", "A_b.c", "a.example.org/B", "0/1"] {
            with_metadata(stage, field, json!({ key: "1" })).await.created();
        }
    }
}

async fn keys_of_annotations_may_have_capitals_in_their_prefix(stage: &Stage) {
    let created =
        with_metadata(stage, "annotations", json!({ "A.Example/b": "1" })).await.created();
    assert_eq!(created["metadata"]["annotations"], json!({ "A.Example/b": "1" }));
    let answer = with_metadata(stage, "labels", json!({ "A.Example/b": "1" })).await;
    refuses(&answer, "metadata.labels", &wrong("A.Example/b", &format!("prefix part {SUBDOMAIN}")));
}

async fn key_names_have_at_most_63_bytes(stage: &Stage) {
    let key = format!("example.org/{}", "n".repeat(63));
    with_metadata(stage, "annotations", json!({ key: "1" })).await.created();
    let key = format!("example.org/{}", "n".repeat(64));
    let answer = with_metadata(stage, "annotations", json!({ key.clone(): "1" })).await;
    let why = "name part must be no more than 63 bytes";
    refuses(&answer, "metadata.annotations", &wrong(&key, why));
}

async fn an_empty_key_has_two_faults(stage: &Stage) {
    let field = "metadata.annotations";
    let answer = with_metadata(stage, "annotations", json!({ "": "1" })).await;
    answer.invalid(
        "ConfigMap",
        "app",
        &[
            [field, "FieldValueInvalid", &wrong("", "name part must be non-empty")],
            [field, "FieldValueInvalid", &wrong("", &format!("name part {QUALIFIED}"))],
        ],
    );
}

async fn label_values_have_at_most_63_bytes_of_few_characters(stage: &Stage) {
    let long = "x".repeat(64);
    for (value, why) in [("a b", VALUE), ("-a", VALUE), (&long, "must be no more than 63 bytes")] {
        let answer = with_metadata(stage, "labels", json!({ "a": value })).await;
        refuses(&answer, "metadata.labels", &wrong(value, why));
    }
    with_metadata(stage, "labels", json!({ "a": "", "b": "x".repeat(63) })).await.created();
}

async fn finalizers_are_qualified_names(stage: &Stage) {
    let why = "name is neither a standard finalizer name nor is it fully qualified";
    let answer = with_metadata(stage, "finalizers", json!(["kept"])).await;
    refuses(&answer, "metadata.finalizers[0]", &wrong("kept", why));
    with_metadata(stage, "finalizers", json!(["example.org/kept", "orphan"])).await.created();
}

async fn annotations_have_at_most_256_kib_together(stage: &Stage) {
    const LIMIT: usize = 256 * 1024;
    let annotations = |size: usize| json!({ "a": "x".repeat(1000), "bb": "x".repeat(size - 1003) });
    with_metadata(stage, "annotations", annotations(LIMIT)).await.created();
    let answer = with_metadata(stage, "annotations", annotations(LIMIT + 1)).await;
    let message = "Too long: may not be more than 262144 bytes";
    let cause = ["metadata.annotations", "FieldValueTooLong", message];
    answer.invalid("ConfigMap", "app", &[cause]);
    // Of an object that has them, too.
    stage.create_named("configmaps/app").await;
    let patch = json!({ "metadata": { "annotations": annotations(LIMIT + 1) } });
    stage.merge_patch("configmaps/app", &patch).await.invalid("ConfigMap", "app", &[cause]);
}
