//! The core group, less pods, nodes and events.

use serde_json::{Value, json};

use super::cell::{NONE, entries, items, labels, text, text_or};
use super::columns::{Column, age, created_at};

pub(super) fn columns(plural: &str) -> Vec<Column> {
    match plural {
        "configmaps" => {
            vec![Column::text("Data", |it, _| entries(&[&it["data"], &it["binaryData"]])), age()]
        }
        "secrets" => vec![
            Column::text("Type", |it, _| json!(text(&it["type"]))),
            Column::text("Data", |it, _| entries(&[&it["data"]])),
            age(),
        ],
        "namespaces" => {
            vec![Column::text("Status", |it, _| json!(text(&it["status"]["phase"]))), age()]
        }
        "serviceaccounts" => vec![age()],
        "services" => services(),
        "endpoints" => vec![Column::text("Endpoints", |it, _| json!(addresses(it))), age()],
        _ => vec![created_at()],
    }
}

fn services() -> Vec<Column> {
    vec![
        Column::text("Type", |it, _| json!(text(&it["spec"]["type"]))),
        Column::text("Cluster-IP", |it, _| json!(text_or(&it["spec"]["clusterIP"], NONE))),
        Column::text("External-IP", |it, _| json!(external(it))),
        Column::text("Port(s)", |it, _| json!(ports(it))),
        age(),
        Column::text("Selector", |it, _| json!(labels(&it["spec"]["selector"]))).wide(),
    ]
}

fn external(service: &Value) -> String {
    let spec = &service["spec"];
    let told: Vec<&str> = match text(&spec["type"]) {
        "ExternalName" => vec![text(&spec["externalName"])],
        "LoadBalancer" => {
            let ingress = items(&service["status"]["loadBalancer"]["ingress"]);
            let address = |it| text_or(&Value::get(it, "ip").unwrap_or(&Value::Null), "");
            ingress.map(address).chain(items(&spec["externalIPs"]).map(text)).collect()
        }
        _ => items(&spec["externalIPs"]).map(text).collect(),
    };
    match (told.is_empty(), text(&spec["type"])) {
        (true, "LoadBalancer") => "<pending>".to_owned(),
        (true, _) => NONE.to_owned(),
        (false, _) => told.join(","),
    }
}

fn ports(service: &Value) -> String {
    let port = |port: &Value| {
        let protocol = text_or(&port["protocol"], "TCP");
        match port["nodePort"].as_i64().filter(|port| *port > 0) {
            Some(node_port) => format!("{}:{node_port}/{protocol}", port["port"]),
            None => format!("{}/{protocol}", port["port"]),
        }
    };
    let ports: Vec<String> = items(&service["spec"]["ports"]).map(port).collect();
    if ports.is_empty() { NONE.to_owned() } else { ports.join(",") }
}

/// Three of them, and how many more there are.
fn addresses(endpoints: &Value) -> String {
    let all: Vec<String> = items(&endpoints["subsets"]).flat_map(subset).collect();
    match all.len() {
        0 => NONE.to_owned(),
        count @ 1..=3 => all[..count].join(","),
        count => format!("{} + {} more...", all[..3].join(","), count - 3),
    }
}

fn subset(subset: &Value) -> Vec<String> {
    let address = |address: &Value| text(&address["ip"]).to_owned();
    let addresses: Vec<String> = items(&subset["addresses"]).map(address).collect();
    let mut ports = items(&subset["ports"]).peekable();
    if ports.peek().is_none() {
        return addresses;
    }
    ports
        .flat_map(|port| addresses.iter().map(move |address| format!("{address}:{}", port["port"])))
        .collect()
}
