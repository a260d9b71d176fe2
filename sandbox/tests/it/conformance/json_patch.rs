//! The operations of JSON Patch, as the library of kube-apiserver does them.

use serde_json::{Value, json};

use crate::stage::Stage;

cases![
    add_inserts_into_an_array_or_appends_to_it,
    add_beyond_the_end_of_an_array_is_refused,
    add_overwrites_a_member_and_makes_no_parents,
    negative_indices_count_from_the_end,
    remove_needs_something_to_remove,
    replace_adds_a_member_that_is_missing,
    replace_in_an_array_needs_an_element,
    move_takes_away_and_adds,
    move_of_a_missing_member_is_refused,
    copy_leaves_its_source_as_it_was,
    copy_of_a_missing_member_adds_null,
    test_compares_objects_whatever_their_order,
    test_compares_numbers_as_they_are_spelt,
    test_of_null_passes_where_nothing_is,
    test_without_a_value_is_a_test_of_nothing,
    test_of_a_member_of_no_object_is_refused,
    pointers_escape_slash_and_tilde,
    a_pointer_needs_a_slash_first,
    an_empty_pointer_is_the_whole_object,
    unknown_operations_are_refused,
    unknown_fields_of_an_operation_are_ignored_with_a_warning,
    a_failed_operation_undoes_those_before_it,
    a_patch_without_operations_changes_nothing,
    a_body_that_is_no_list_of_operations_is_a_bad_request,
    ten_thousand_operations_are_allowed_and_no_more,
    copies_are_limited_in_sum,
];

/// A patch of a new widget with this spec.
async fn patch(stage: &Stage, spec: &Value, operations: &str) -> crate::stage::Answer {
    let metadata = json!({ "generateName": "app-" });
    let widget = stage.create("widgets", json!({ "metadata": metadata, "spec": spec })).await;
    let path = format!("widgets/{}", widget["metadata"]["name"].as_str().unwrap());
    stage.ask("PATCH", &path).json_patch(operations).send().await
}

/// The spec that comes of it.
async fn patched(stage: &Stage, spec: Value, operations: &str) -> Value {
    patch(stage, &spec, operations).await.ok()["spec"].take()
}

async fn refused(stage: &Stage, spec: Value, operations: &str) {
    let answer = patch(stage, &spec, operations).await;
    assert_eq!(answer.code, 422, "{operations}: {}", answer.text());
    answer.failed_patch();
}

async fn add_inserts_into_an_array_or_appends_to_it(stage: &Stage) {
    let list = json!({ "list": [1, 2] });
    for (index, expected) in [
        ("0", json!([9, 1, 2])),
        ("1", json!([1, 9, 2])),
        ("2", json!([1, 2, 9])),
        ("-", json!([1, 2, 9])),
        ("01", json!([1, 9, 2])),
        ("+1", json!([1, 9, 2])),
    ] {
        let operations = format!(r#"[{{"op":"add","path":"/spec/list/{index}","value":9}}]"#);
        let spec = patched(stage, list.clone(), &operations).await;
        assert_eq!(spec["list"], expected, "{index}");
    }
}

async fn add_beyond_the_end_of_an_array_is_refused(stage: &Stage) {
    for index in ["3", "-4", "x", "", "1.0", "99999999999999999999"] {
        let operations = format!(r#"[{{"op":"add","path":"/spec/list/{index}","value":9}}]"#);
        refused(stage, json!({ "list": [1, 2] }), &operations).await;
    }
}

async fn add_overwrites_a_member_and_makes_no_parents(stage: &Stage) {
    let add =
        r#"[{"op":"add","path":"/spec/a","value":2},{"op":"add","path":"/spec/b","value":3}]"#;
    assert_eq!(patched(stage, json!({ "a": 1 }), add).await, json!({ "a": 2, "b": 3 }));
    refused(stage, json!({ "a": 1 }), r#"[{"op":"add","path":"/spec/b/c","value":3}]"#).await;
    refused(stage, json!({ "a": 1 }), r#"[{"op":"add","path":"/spec/a/c","value":3}]"#).await;
}

async fn negative_indices_count_from_the_end(stage: &Stage) {
    for (operation, expected) in [
        (r#"{"op":"add","path":"/spec/list/-1","value":9}"#, json!([1, 2, 3, 9])),
        (r#"{"op":"add","path":"/spec/list/-4","value":9}"#, json!([9, 1, 2, 3])),
        (r#"{"op":"replace","path":"/spec/list/-1","value":9}"#, json!([1, 2, 9])),
        (r#"{"op":"remove","path":"/spec/list/-3"}"#, json!([2, 3])),
        (r#"{"op":"test","path":"/spec/list/-2","value":2}"#, json!([1, 2, 3])),
    ] {
        let spec = patched(stage, json!({ "list": [1, 2, 3] }), &format!("[{operation}]")).await;
        assert_eq!(spec["list"], expected, "{operation}");
    }
    refused(stage, json!({ "list": [1] }), r#"[{"op":"remove","path":"/spec/list/-2"}]"#).await;
}

async fn remove_needs_something_to_remove(stage: &Stage) {
    let spec = json!({ "a": 1, "list": [1] });
    assert_eq!(
        patched(stage, spec.clone(), r#"[{"op":"remove","path":"/spec/a"}]"#).await,
        json!({ "list": [1] })
    );
    for path in ["/spec/b", "/spec/b/c", "/spec/a/c", "/spec/list/1", "/spec/list/-"] {
        let operations = format!(r#"[{{"op":"remove","path":"{path}"}}]"#);
        refused(stage, spec.clone(), &operations).await;
    }
}

async fn replace_adds_a_member_that_is_missing(stage: &Stage) {
    let replace = r#"[{"op":"replace","path":"/spec/b","value":2}]"#;
    assert_eq!(patched(stage, json!({ "a": 1 }), replace).await, json!({ "a": 1, "b": 2 }));
}

async fn replace_in_an_array_needs_an_element(stage: &Stage) {
    let replace = |index| format!(r#"[{{"op":"replace","path":"/spec/list/{index}","value":9}}]"#);
    let spec = json!({ "list": [1, 2] });
    assert_eq!(patched(stage, spec.clone(), &replace("1")).await["list"], json!([1, 9]));
    for index in ["2", "-3", "-", "x"] {
        refused(stage, spec.clone(), &replace(index)).await;
    }
}

async fn move_takes_away_and_adds(stage: &Stage) {
    for (from, path, expected) in [
        ("/spec/a", "/spec/c", json!({ "b": [1, 2], "c": 1 })),
        ("/spec/a", "/spec/b/0", json!({ "b": [1, 1, 2] })),
        ("/spec/b/0", "/spec/b/1", json!({ "a": 1, "b": [2, 1] })),
        ("/spec/b", "/spec/a", json!({ "a": [1, 2] })),
    ] {
        let operations = format!(r#"[{{"op":"move","from":"{from}","path":"{path}"}}]"#);
        let spec = patched(stage, json!({ "a": 1, "b": [1, 2] }), &operations).await;
        assert_eq!(spec, expected, "{operations}");
    }
}

async fn move_of_a_missing_member_is_refused(stage: &Stage) {
    let spec = json!({ "a": { "b": 1 } });
    for (from, path) in
        [("/spec/x", "/spec/y"), ("/spec/a", "/spec/a/c"), ("/spec/a/b", "/spec/x/y")]
    {
        let operations = format!(r#"[{{"op":"move","from":"{from}","path":"{path}"}}]"#);
        refused(stage, spec.clone(), &operations).await;
    }
    refused(stage, spec, r#"[{"op":"move","path":"/spec/y"}]"#).await;
}

async fn copy_leaves_its_source_as_it_was(stage: &Stage) {
    let operations = r#"[
        {"op":"copy","from":"/spec/a","path":"/spec/c"},
        {"op":"add","path":"/spec/c/b","value":2}
    ]"#;
    let spec = patched(stage, json!({ "a": { "b": 1 } }), operations).await;
    assert_eq!(spec, json!({ "a": { "b": 1 }, "c": { "b": 2 } }));
}

async fn copy_of_a_missing_member_adds_null(stage: &Stage) {
    let operations = r#"[{"op":"copy","from":"/spec/x","path":"/spec/c"}]"#;
    let spec = patched(stage, json!({ "a": 1 }), operations).await;
    assert_eq!(spec, json!({ "a": 1, "c": null }));
    refused(stage, json!({ "a": 1 }), r#"[{"op":"copy","from":"/x/y","path":"/spec/c"}]"#).await;
}

async fn test_compares_objects_whatever_their_order(stage: &Stage) {
    let spec = json!({ "a": { "x": 1, "y": [1, { "z": "s" }] } });
    let test = r#"[{"op":"test","path":"/spec/a","value":{ "y":[ 1,{"z":"s"}],"x":1}}]"#;
    assert_eq!(patched(stage, spec.clone(), test).await, spec);
    for other in [r#"{"x":1}"#, r#"{"x":1,"y":[{"z":"s"},1]}"#, "[]", "1", r#"{"x":1,"y":null}"#] {
        let test = format!(r#"[{{"op":"test","path":"/spec/a","value":{other}}}]"#);
        refused(stage, spec.clone(), &test).await;
    }
}

async fn test_compares_numbers_as_they_are_spelt(stage: &Stage) {
    let spec = json!({ "n": 1, "f": 1.5 });
    let test =
        r#"[{"op":"test","path":"/spec/n","value":1},{"op":"test","path":"/spec/f","value":1.5}]"#;
    assert_eq!(patched(stage, spec.clone(), test).await, spec);
    for number in ["1.0", "1e0", "\"1\"", "true"] {
        let test = format!(r#"[{{"op":"test","path":"/spec/n","value":{number}}}]"#);
        refused(stage, spec.clone(), &test).await;
    }
}

async fn test_of_null_passes_where_nothing_is(stage: &Stage) {
    let spec = json!({ "a": 1, "nil": null });
    for path in ["/spec/x", "/spec/nil", "/metadata/deletionTimestamp", "/x"] {
        let test = format!(r#"[{{"op":"test","path":"{path}","value":null}}]"#);
        assert_eq!(patched(stage, spec.clone(), &test).await, spec, "{path}");
    }
    for path in ["/spec/a", "/spec/x/y", "/x/y", "/spec/nil/y"] {
        let test = format!(r#"[{{"op":"test","path":"{path}","value":null}}]"#);
        refused(stage, spec.clone(), &test).await;
    }
}

async fn test_without_a_value_is_a_test_of_nothing(stage: &Stage) {
    let spec = json!({ "a": 1 });
    assert_eq!(patched(stage, spec.clone(), r#"[{"op":"test","path":"/spec/x"}]"#).await, spec);
    refused(stage, spec, r#"[{"op":"test","path":"/spec/a"}]"#).await;
}

async fn test_of_a_member_of_no_object_is_refused(stage: &Stage) {
    let spec = json!({ "a": "text", "list": [1] });
    for path in ["/spec/a/b", "/spec/list/x", "/spec/list/1", "/spec/list/0/b"] {
        let test = format!(r#"[{{"op":"test","path":"{path}","value":null}}]"#);
        refused(stage, spec.clone(), &test).await;
    }
}

async fn pointers_escape_slash_and_tilde(stage: &Stage) {
    let spec = json!({ "a/b": 1, "c~d": 2, "e~1f": 3, "": 4, "~2": 5 });
    for (pointer, value) in [("a~1b", 1), ("c~0d", 2), ("e~01f", 3), ("", 4), ("~2", 5)] {
        let test = format!(r#"[{{"op":"test","path":"/spec/{pointer}","value":{value}}}]"#);
        assert_eq!(patched(stage, spec.clone(), &test).await, spec, "{pointer}");
    }
}

async fn a_pointer_needs_a_slash_first(stage: &Stage) {
    for operation in [
        r#"{"op":"test","path":"spec","value":null}"#,
        r#"{"op":"add","path":"a","value":1}"#,
        r#"{"op":"remove","path":""}"#,
        r#"{"op":"add","path":"","value":{}}"#,
    ] {
        refused(stage, json!({ "a": 1 }), &format!("[{operation}]")).await;
    }
    // What comes before the first slash is not looked at.
    let operations = r#"[{"op":"test","path":"x/spec/a","value":1}]"#;
    assert_eq!(patched(stage, json!({ "a": 1 }), operations).await, json!({ "a": 1 }));
}

async fn an_empty_pointer_is_the_whole_object(stage: &Stage) {
    refused(stage, json!({ "a": 1 }), r#"[{"op":"test","path":"","value":{}}]"#).await;
    refused(stage, json!({ "a": 1 }), r#"[{"op":"replace","path":"","value":1}]"#).await;
}

async fn unknown_operations_are_refused(stage: &Stage) {
    for operation in [
        r#"{"op":"Add","path":"/spec/b","value":1}"#,
        r#"{"op":"merge","path":"/spec/b","value":1}"#,
        r#"{"path":"/spec/b","value":1}"#,
        r#"{"op":null,"path":"/spec/b","value":1}"#,
        r#"{"op":"add","value":1}"#,
        "{}",
    ] {
        refused(stage, json!({ "a": 1 }), &format!("[{operation}]")).await;
    }
}

async fn unknown_fields_of_an_operation_are_ignored_with_a_warning(stage: &Stage) {
    let operations = r#"[{"op":"add","path":"/spec/b","value":1,"note":"x"}]"#;
    let answer = patch(stage, &json!({}), operations).await;
    assert_eq!(answer.header("warning"), r#"299 - "json patch unknown field \"[0].note\"""#);
    assert_eq!(answer.ok()["spec"], json!({ "b": 1 }));
    let twice = r#"[{"op":"add","path":"/spec/b","value":1,"value":2}]"#;
    assert_eq!(patched(stage, json!({}), twice).await, json!({ "b": 2 }));
}

async fn a_failed_operation_undoes_those_before_it(stage: &Stage) {
    let before = stage.create_named("widgets/app").await;
    let operations = json!([
        { "op": "add", "path": "/spec", "value": { "a": 1 } },
        { "op": "test", "path": "/spec/a", "value": 2 },
    ]);
    stage.json_patch("widgets/app", &operations).await.failed_patch();
    assert_eq!(stage.read("widgets/app").await, before);
}

async fn a_patch_without_operations_changes_nothing(stage: &Stage) {
    let before = stage.create_named("configmaps/app").await;
    assert_eq!(stage.json_patch("configmaps/app", &json!([])).await.ok(), before);
}

async fn a_body_that_is_no_list_of_operations_is_a_bad_request(stage: &Stage) {
    let undecodable = "error decoding patch: json: cannot unmarshal";
    for (body, message) in [
        ("{}", format!("{undecodable} object into Go value of type []handlers.jsonPatchOp")),
        ("[1]", format!("{undecodable} number into Go value of type handlers.jsonPatchOp")),
        (
            r#"[{"op":1,"path":"/spec"}]"#,
            format!("{undecodable} number into Go struct field jsonPatchOp.op of type string"),
        ),
        (
            r#"[{"op":"remove","path":1}]"#,
            format!("{undecodable} number into Go struct field jsonPatchOp.path of type string"),
        ),
        ("", "invalid JSON patch".into()),
        ("[", "invalid JSON patch".into()),
        ("[] x", "invalid JSON patch".into()),
    ] {
        let answer = patch(stage, &json!({}), body).await;
        answer.refused(400, "BadRequest", &message, Value::Null);
    }
    patch(stage, &json!({}), "null").await.ok();
}

async fn ten_thousand_operations_are_allowed_and_no_more(stage: &Stage) {
    let tests = |count| vec![json!({ "op": "test", "path": "/x", "value": null }); count];
    stage.create_named("configmaps/app").await;
    stage.json_patch("configmaps/app", &json!(tests(10_000))).await.ok();
    stage.json_patch("configmaps/app", &json!(tests(10_001))).await.refused(
        413,
        "RequestEntityTooLarge",
        "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
        Value::Null,
    );
}

async fn copies_are_limited_in_sum(stage: &Stage) {
    let spec = json!({ "a": "x".repeat(100_000) });
    let copies = |count| {
        let copy = json!({ "op": "copy", "from": "/spec/a", "path": "/spec/b" });
        Value::from(vec![copy; count]).to_string()
    };
    patch(stage, &spec, &copies(31)).await.ok();
    patch(stage, &spec, &copies(32)).await.failed_patch();
}
