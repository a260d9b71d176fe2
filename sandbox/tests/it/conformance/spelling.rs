//! A test compares strings as they are spelt, after Go's own escaping.

use serde_json::json;

use crate::stage::Stage;

cases![
    a_value_in_gos_spelling_passes_the_test,
    a_value_in_another_spelling_fails_the_test,
    escapes_in_the_path_are_no_matter,
    a_value_is_stored_the_same_however_it_was_spelt,
    what_is_no_character_becomes_the_replacement_character,
];

/// What may be in a value, with the one spelling that passes a test, and some that do not.
const CLASSES: [(&str, &str, &[&str]); 18] = [
    ("plain", "plain", &["\\u0070lain"]),
    ("<", "\\u003c", &["<", "\\u003C"]),
    (">", "\\u003e", &[">", "\\u003E"]),
    ("&", "\\u0026", &["&"]),
    ("\u{2028}", "\\u2028", &["\u{2028}"]),
    ("\u{2029}", "\\u2029", &["\u{2029}"]),
    ("\u{7f}", "\u{7f}", &["\\u007f"]),
    ("é", "é", &["\\u00e9"]),
    ("日本", "日本", &["\\u65e5\\u672c"]),
    ("😀", "😀", &["\\ud83d\\ude00"]),
    ("\"", "\\\"", &["\\u0022"]),
    ("\\", "\\\\", &["\\u005c"]),
    ("/", "/", &["\\/", "\\u002f"]),
    ("'", "'", &["\\u0027"]),
    ("\n\r\t", "\\n\\r\\t", &["\\u000a\\u000d\\u0009"]),
    ("\u{8}\u{c}", "\\b\\f", &["\\u0008\\u000c"]),
    ("\u{1}\u{1f}", "\\u0001\\u001f", &["\\u0001\\u001F"]),
    ("\u{feff}\u{200b}", "\u{feff}\u{200b}", &["\\ufeff\\u200b"]),
];

const RESOURCES: [&str; 3] = ["configmaps", "leases", "widgets"];

/// Objects with an annotation `a` of this value.
async fn objects(stage: &Stage, value: &str) -> Vec<String> {
    let mut objects = Vec::new();
    for resource in RESOURCES {
        let metadata = json!({ "generateName": "app-", "annotations": { "a": value } });
        let object = stage.create(resource, json!({ "metadata": metadata })).await;
        objects.push(format!("{resource}/{}", object["metadata"]["name"].as_str().unwrap()));
    }
    objects
}

fn test(spelt: &str) -> String {
    format!(r#"[{{"op":"test","path":"/metadata/annotations/a","value":"{spelt}"}}]"#)
}

async fn a_value_in_gos_spelling_passes_the_test(stage: &Stage) {
    for (value, spelt, _) in CLASSES {
        for object in objects(stage, value).await {
            let answer = stage.ask("PATCH", &object).json_patch(&test(spelt)).send().await;
            assert_eq!(answer.code, 200, "{object} {spelt}: {}", answer.text());
            assert_eq!(answer.json["metadata"]["annotations"]["a"], value);
        }
    }
}

async fn a_value_in_another_spelling_fails_the_test(stage: &Stage) {
    for (value, _, others) in CLASSES {
        for object in objects(stage, value).await {
            for spelt in others {
                let answer = stage.ask("PATCH", &object).json_patch(&test(spelt)).send().await;
                assert_eq!(answer.code, 422, "{object} {spelt}: {}", answer.text());
                answer.failed_patch();
            }
        }
    }
}

async fn escapes_in_the_path_are_no_matter(stage: &Stage) {
    for object in objects(stage, "1").await {
        let operations = r#"[{"op":"test","path":"/metadata/annotations/\u0061","value":"1"}]"#;
        stage.ask("PATCH", &object).json_patch(operations).send().await.ok();
    }
}

async fn a_value_is_stored_the_same_however_it_was_spelt(stage: &Stage) {
    for (value, _, others) in CLASSES {
        for object in objects(stage, value).await {
            let before = stage.read(&object).await;
            for spelt in others {
                let operations = format!(
                    r#"[{{"op":"add","path":"/metadata/annotations/a","value":"{spelt}"}}]"#
                );
                let answer = stage.ask("PATCH", &object).json_patch(&operations).send().await;
                assert_eq!(answer.ok(), before, "{spelt}");
            }
        }
    }
}

async fn what_is_no_character_becomes_the_replacement_character(stage: &Stage) {
    for object in objects(stage, "1").await {
        for operations in [
            br#"[{"op":"add","path":"/metadata/annotations/a","value":"\ud800"}]"#.as_slice(),
            b"[{\"op\":\"add\",\"path\":\"/metadata/annotations/a\",\"value\":\"\xff\"}]"
                .as_slice(),
        ] {
            let ask = stage.ask("PATCH", &object).json_patch("").body(operations);
            let answer = ask.send().await.ok();
            assert_eq!(answer["metadata"]["annotations"]["a"], "\u{fffd}");
        }
    }
}
