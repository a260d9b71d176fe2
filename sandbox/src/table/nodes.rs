//! Nodes.

use serde_json::{Value, json};

use super::cell::{NONE, condition, items, text, text_or};
use super::columns::{Column, age};

const UNKNOWN: &str = "<unknown>";
const ROLE: &str = "node-role.kubernetes.io/";

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::text("Status", |it, _| json!(status(it))),
        Column::text("Roles", |it, _| json!(roles(it))),
        age(),
        Column::text("Version", |it, _| json!(text(&info(it)["kubeletVersion"]))),
        Column::text("Internal-IP", |it, _| json!(address(it, "InternalIP"))).wide(),
        Column::text("External-IP", |it, _| json!(address(it, "ExternalIP"))).wide(),
        Column::text("OS-Image", |it, _| json!(text_or(&info(it)["osImage"], UNKNOWN))).wide(),
        Column::text("Kernel-Version", |it, _| json!(kernel(it))).wide(),
        Column::text("Container-Runtime", |it, _| {
            json!(text_or(&info(it)["containerRuntimeVersion"], UNKNOWN))
        })
        .wide(),
    ]
}

fn info(node: &Value) -> &Value {
    &node["status"]["nodeInfo"]
}

fn status(node: &Value) -> String {
    let ready = match condition(node, "Ready") {
        None => "Unknown",
        Some("True") => "Ready",
        Some(_) => "NotReady",
    };
    let closed = if node["spec"]["unschedulable"] == true { ",SchedulingDisabled" } else { "" };
    format!("{ready}{closed}")
}

fn roles(node: &Value) -> String {
    let labels = node["metadata"]["labels"].as_object().into_iter().flatten();
    let role = |(key, value): (&String, &Value)| match key.strip_prefix(ROLE) {
        Some(role) => Some(role.to_owned()),
        None => (key == "kubernetes.io/role").then(|| text(value).to_owned()),
    };
    let mut roles: Vec<String> = labels.filter_map(role).filter(|role| !role.is_empty()).collect();
    roles.sort();
    roles.dedup();
    if roles.is_empty() { NONE.to_owned() } else { roles.join(",") }
}

fn address<'a>(node: &'a Value, kind: &str) -> &'a str {
    let mut addresses = items(&node["status"]["addresses"]);
    addresses.find(|address| address["type"] == kind).map_or(NONE, |it| text(&it["address"]))
}

fn kernel(node: &Value) -> String {
    let kernel = text_or(&info(node)["kernelVersion"], UNKNOWN);
    match text(&info(node)["architecture"]) {
        "" => kernel.to_owned(),
        architecture => format!("{kernel} ({architecture})"),
    }
}
