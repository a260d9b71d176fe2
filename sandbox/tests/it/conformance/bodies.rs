//! What a body may hold: its size, unknown and repeated fields, numbers.

use serde_json::{Value, json};

use crate::stage::{Stage, object};

cases![over_https:
    a_body_has_at_most_three_mebibytes,
    a_configmap_has_at_most_one_mebibyte,
    unknown_fields_are_dropped_with_a_warning,
    unknown_fields_may_be_dropped_in_silence,
    unknown_fields_may_be_refused,
    unknown_fields_of_a_patch_are_treated_alike,
    repeated_fields_are_warned_of,
    empty_values_are_not_kept,
    null_is_an_empty_string_to_a_string,
    numbers_of_a_custom_object_are_kept_as_go_keeps_them,
    nulls_of_a_custom_object_are_kept,
    a_secret_takes_its_strings_as_data,
];

async fn a_body_has_at_most_three_mebibytes(stage: &Stage) {
    const LIMIT: usize = 3 * 1024 * 1024;
    stage.create_named("configmaps/app").await;
    let body = |size: usize| format!("{{\"x\":\"{}\"}}", "x".repeat(size - 8)).into_bytes();
    let post =
        |size| stage.ask("POST", "configmaps").content_type("application/json").body(&body(size));
    let patch = |size| {
        let patch = stage.ask("PATCH", "configmaps/app").body(&body(size));
        patch.content_type("application/merge-patch+json")
    };
    let put = |size| {
        stage.ask("PUT", "configmaps/app").content_type("application/json").body(&body(size))
    };
    assert_eq!(post(LIMIT).send().await.code, 422);
    assert_eq!(patch(LIMIT).send().await.code, 200);
    for question in [post(LIMIT + 1), patch(LIMIT + 1), put(LIMIT + 1)] {
        let message = "Request entity too large: limit is 3145728";
        question.send().await.refused(413, "RequestEntityTooLarge", message, Value::Null);
    }
}

async fn a_configmap_has_at_most_one_mebibyte(stage: &Stage) {
    let fields =
        |size: usize| json!({ "metadata": { "name": "app" }, "data": { "d": "x".repeat(size) } });
    let too_long = object("configmaps", fields(1024 * 1024 + 1));
    let message = "Too long: may not be more than 1048576 bytes";
    let answer = stage.post("configmaps", &too_long).await;
    answer.invalid("ConfigMap", "app", &[["[]", "FieldValueTooLong", message]]);
    stage.create("configmaps", fields(1024 * 1024 - 1)).await;
}

fn with_unknown(resource: &str) -> Value {
    object(resource, json!({ "metadata": { "name": "app", "new": 1 }, "unknown": 1 }))
}

async fn unknown_fields_are_dropped_with_a_warning(stage: &Stage) {
    for resource in ["configmaps", "leases", "widgets"] {
        for query in ["", "?fieldValidation=Warn"] {
            let what = format!("{resource}{query}");
            let answer = stage.post(&what, &with_unknown(resource)).await;
            let warnings: Vec<_> = answer
                .headers
                .get_all("warning")
                .iter()
                .map(|text| text.to_str().unwrap())
                .collect();
            let expected = [
                r#"299 - "unknown field \"metadata.new\"""#,
                r#"299 - "unknown field \"unknown\"""#,
            ];
            assert_eq!(warnings, expected, "{what}");
            let created = answer.created();
            assert_eq!(created.get("unknown"), None);
            assert_eq!(created["metadata"].get("new"), None);
            stage.delete(&format!("{resource}/app")).await.ok();
        }
    }
}

async fn unknown_fields_may_be_dropped_in_silence(stage: &Stage) {
    for resource in ["configmaps", "widgets"] {
        let what = format!("{resource}?fieldValidation=Ignore");
        let answer = stage.post(&what, &with_unknown(resource)).await;
        assert_eq!(answer.header("warning"), "");
        assert_eq!(answer.created().get("unknown"), None);
    }
}

async fn unknown_fields_may_be_refused(stage: &Stage) {
    for (resource, kind) in [("configmaps", "ConfigMap"), ("widgets", "Widget")] {
        let what = format!("{resource}?fieldValidation=Strict");
        let answer = stage.post(&what, &with_unknown(resource)).await;
        let message = format!(
            "{kind} in version \"v1\" cannot be handled as a {kind}: strict decoding error: \
             unknown field \"metadata.new\", unknown field \"unknown\""
        );
        answer.refused(400, "BadRequest", &message, Value::Null);
    }
}

async fn unknown_fields_of_a_patch_are_treated_alike(stage: &Stage) {
    for resource in ["configmaps", "widgets"] {
        let app = format!("{resource}/app");
        let created = stage.create_named(&app).await;
        let answer = stage.merge_patch(&app, &json!({ "unknown": 1 })).await;
        assert_eq!(answer.header("warning"), r#"299 - "unknown field \"unknown\"""#);
        assert_eq!(answer.ok(), created);
        let strict = format!("{app}?fieldValidation=Strict");
        let answer = stage.merge_patch(&strict, &json!({ "unknown": 1 })).await;
        assert_eq!((answer.code, &answer.json["reason"]), (422, &json!("Invalid")));
        let message = answer.json["message"].as_str().unwrap();
        assert!(
            message.ends_with(": strict decoding error: unknown field \"unknown\""),
            "{message}"
        );
    }
}

async fn repeated_fields_are_warned_of(stage: &Stage) {
    let body = br#"{"metadata":{"name":"app"},"data":{"d":"1"},"data":{"e":"2"}}"#;
    let ask = stage.ask("POST", "configmaps").content_type("application/json").body(body);
    let answer = ask.send().await;
    assert_eq!(answer.header("warning"), r#"299 - "duplicate field \"data\"""#);
    answer.created();
}

async fn empty_values_are_not_kept(stage: &Stage) {
    let metadata = json!({
        "name": "app",
        "annotations": {},
        "labels": {},
        "finalizers": [],
        "ownerReferences": [],
        "generateName": "",
    });
    for resource in ["configmaps", "leases", "widgets"] {
        let created = stage.create(resource, json!({ "metadata": metadata })).await;
        for field in ["annotations", "labels", "finalizers", "ownerReferences", "generateName"] {
            assert_eq!(created["metadata"].get(field), None, "{resource} {field}");
        }
    }
    let fields = json!({ "metadata": { "name": "data" }, "data": {} });
    assert_eq!(stage.create("configmaps", fields).await.get("data"), None);
}

async fn null_is_an_empty_string_to_a_string(stage: &Stage) {
    let metadata = json!({ "name": "app", "annotations": { "a": null }, "labels": { "l": null } });
    for resource in ["configmaps", "widgets"] {
        let created = stage.create(resource, json!({ "metadata": metadata })).await;
        assert_eq!(created["metadata"]["annotations"], json!({ "a": "" }));
        assert_eq!(created["metadata"]["labels"], json!({ "l": "" }));
    }
}

async fn numbers_of_a_custom_object_are_kept_as_go_keeps_them(stage: &Stage) {
    let body = r#"{"apiVersion":"kubelock-test.example.org/v1","kind":"Widget",
        "metadata":{"name":"app"},
        "spec":{"a":1.0,"b":1e3,"c":12345678901234567890,"d":0.1,"e":-0,"f":1e21,"g":1e-7,
                "h":9223372036854775807,"i":1.5e300}}"#;
    let ask = stage.ask("POST", "widgets").content_type("application/json").body(body.as_bytes());
    ask.send().await.created();
    let text = stage.get("widgets/app").await.text();
    let kept = r#""spec":{"a":1,"b":1000,"c":12345678901234567000,"d":0.1,"e":0,"f":1e+21,"g":1e-7,"h":9223372036854775807,"i":1.5e+300}"#;
    assert!(text.contains(kept), "{text}");
}

async fn nulls_of_a_custom_object_are_kept(stage: &Stage) {
    let spec = json!({ "a": null, "b": [null, { "c": null }] });
    let fields = json!({ "metadata": { "name": "app" }, "spec": spec });
    assert_eq!(stage.create("widgets", fields).await["spec"], spec);
}

async fn a_secret_takes_its_strings_as_data(stage: &Stage) {
    let fields = json!({ "metadata": { "name": "app" }, "stringData": { "a": "b" } });
    let created = stage.create("secrets", fields).await;
    assert_eq!(created["data"], json!({ "a": "Yg==" }));
    assert_eq!(created.get("stringData"), None);
    assert_eq!(created["type"], "Opaque");
}
