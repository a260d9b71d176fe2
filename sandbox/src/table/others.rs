//! The other groups.

use serde_json::{Value, json};

use super::cell::{items, text, text_or};
use super::columns::{Column, age, created_at};

pub(super) fn columns(plural: &str) -> Vec<Column> {
    match plural {
        "leases" => {
            vec![Column::text("Holder", |it, _| json!(text(&it["spec"]["holderIdentity"]))), age()]
        }
        "rolebindings" | "clusterrolebindings" => bindings(),
        "roles" | "clusterroles" => vec![created_at()],
        "customresourcedefinitions" => definitions(),
        // Their own columns are not known here.
        _ => vec![age()],
    }
}

fn bindings() -> Vec<Column> {
    vec![
        Column::text("Role", |it, _| {
            let role = &it["roleRef"];
            json!(format!("{}/{}", text(&role["kind"]), text(&role["name"])))
        }),
        age(),
        Column::text("Users", |it, _| subjects(it, "User")).wide(),
        Column::text("Groups", |it, _| subjects(it, "Group")).wide(),
        Column::text("ServiceAccounts", |it, _| subjects(it, "ServiceAccount")).wide(),
    ]
}

fn subjects(binding: &Value, kind: &str) -> Value {
    let name = |subject: &Value| match subject["namespace"].as_str() {
        Some(namespace) => format!("{namespace}/{}", text(&subject["name"])),
        None => text(&subject["name"]).to_owned(),
    };
    let subjects = items(&binding["subjects"]).filter(|subject| subject["kind"] == kind);
    json!(subjects.map(name).collect::<Vec<_>>().join(", "))
}

fn definitions() -> Vec<Column> {
    vec![
        Column::text("Scope", |it, _| json!(text(&it["spec"]["scope"]))),
        Column::text("Versions", |it, _| json!(versions(it))),
        created_at(),
        Column::text("Group", |it, _| json!(text(&it["spec"]["group"]))).wide(),
        Column::text("Kind", |it, _| json!(text(&it["spec"]["names"]["kind"]))).wide(),
        Column::text("ShortNames", |it, _| {
            let names: Vec<&str> = items(&it["spec"]["names"]["shortNames"]).map(text).collect();
            json!(names.join(","))
        })
        .wide(),
        // Here they are from the start.
        Column::of("boolean", "Established", |_, _| json!(true)).wide(),
    ]
}

fn versions(definition: &Value) -> String {
    let version = |version: &Value| {
        let stored = if version["storage"] == true { "(storage)" } else { "" };
        format!("{}{stored}", text_or(&version["name"], ""))
    };
    items(&definition["spec"]["versions"]).map(version).collect::<Vec<_>>().join(",")
}
