//! Records that somebody wrote to harm whoever looks at them.

use insta::assert_snapshot;
use regex::Regex;

use crate::space::Space;

const KEY: &str = "kubelock.giantswarm.io/deploy";

fn record(owner: &str) -> String {
    let now = kubelock::Timestamp::from(std::time::SystemTime::now());
    serde_json::json!({"owner": owner, "createdAt": now.to_string(), "ttl": 5_400_000_000_000_i64})
        .to_string()
}

#[test]
fn an_owner_cannot_move_the_cursor_forge_a_line_or_flood_the_screen() {
    let Some(space) = Space::new("hostile") else { return };
    space.configmap("app", &[]);
    let owners = [
        "a\u{1b}[2J\u{1b}]0;title\u{7}b",
        "a\nerror: forged\r\n[0]",
        "safe\u{202e}cod.exe",
        &"x".repeat(50_000),
        "",
    ];
    let mut all = String::new();
    for owner in owners {
        space.annotate("app", KEY, &record(owner));
        all.push_str(&space.play(&[
            (0, &["get", "deploy", "--on", "cm/app"]),
            (11, &["acquire", "deploy", "--on", "cm/app", "--owner", "alice"]),
            (11, &["release", "deploy", "--on", "cm/app", "--owner", "alice"]),
        ]));
    }
    assert!(all.lines().all(|line| line.chars().count() < 400), "{all}");
    assert!(!all.contains(|c: char| c.is_control() && c != '\n'));
    assert_snapshot!(all);
}

#[test]
fn a_document_carries_the_exact_owner() {
    let Some(space) = Space::new("exact-owner") else { return };
    space.configmap("app", &[]);
    let owner = "a\u{1b}[2J\n\u{202e}\u{200b}<&>é🚀\u{2028}\"";
    space.annotate("app", KEY, &record(owner));

    let json = space.run(&["get", "deploy", "--on", "cm/app", "-o", "json"]).stdout;
    let yaml = space.run(&["get", "deploy", "--on", "cm/app", "-o", "yaml"]).stdout;

    let of_json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let of_yaml: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(of_json["owner"], owner);
    assert_eq!(of_yaml["owner"], owner);
    for text in [json, yaml] {
        let is_harmful =
            |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2028}\u{200b}".contains(c);
        assert!(!text.contains(is_harmful), "{text:?}");
    }
}

/// Parsers of other languages refuse a whole document for one year of five digits.
fn assert_rfc_3339(space: &Space) {
    let json = space.run(&["get", "deploy", "--on", "cm/app", "-o", "json"]).stdout;
    let lock: serde_json::Value = serde_json::from_str(&json).unwrap();
    let form = Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$").unwrap();
    for name in ["createdAt", "expiresAt", "seenAt"] {
        assert!(lock[name].as_str().is_some_and(|time| form.is_match(time)), "{name}: {json}");
    }
}

#[test]
fn extreme_records_are_shown() {
    let Some(space) = Space::new("extreme") else { return };
    space.configmap("app", &[]);
    let records = [
        "null",
        r#"{"owner":"z","createdAt":"9999-12-31T23:59:59Z","ttl":9223372036854775807}"#,
        r#"{"owner":"z","createdAt":"0000-01-01T00:00:00Z","ttl":-9223372036854775808}"#,
    ];
    let mut all = String::new();
    for record in records {
        space.annotate("app", KEY, record);
        let outcome = space.run(&["get", "deploy", "--on", "cm/app", "-o", "wide"]);
        all.push_str(&space.transcript(&outcome));
        assert_rfc_3339(&space);
    }
    // Ages against year 0 change once a year, and are replaced.
    assert!(all.contains("held") && all.contains("expired"), "{all}");
}
