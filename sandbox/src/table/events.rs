//! Events, of both groups.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::age;
use super::cell::{number, text, text_or};
use super::columns::{Column, name};

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::text("Last Seen", |it, now| json!(last_seen(it, now))),
        Column::text("Type", |it, _| json!(text(&it["type"]))),
        Column::text("Reason", |it, _| json!(text(&it["reason"]))),
        Column::text("Object", |it, _| json!(object(it))),
        Column::text("Subobject", |it, _| json!(text(&about(it)["fieldPath"]))).wide(),
        Column::text("Source", |it, _| json!(source(it))).wide(),
        Column::text("Message", |it, _| json!(message(it))),
        Column::text("First Seen", |it, now| json!(first_seen(it, now))).wide(),
        Column::text("Count", |it, _| json!(count(it))).wide(),
        name().wide(),
    ]
}

/// The two groups have other names for some fields.
fn either<'a>(event: &'a Value, core: &str, new: &str) -> &'a Value {
    event.get(core).filter(|value| !value.is_null()).unwrap_or(&event[new])
}

fn about(event: &Value) -> &Value {
    either(event, "involvedObject", "regarding")
}

fn message(event: &Value) -> &str {
    text(either(event, "message", "note")).trim()
}

fn object(event: &Value) -> String {
    let kind = text(&about(event)["kind"]).to_lowercase();
    match text(&about(event)["name"]) {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

fn source(event: &Value) -> String {
    let told = either(event, "source", "deprecatedSource");
    let component = text_or(
        &told["component"],
        text(either(event, "reportingComponent", "reportingController")),
    );
    match text_or(&told["host"], text(&event["reportingInstance"])) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    }
}

fn first_seen(event: &Value, now: SystemTime) -> String {
    let first = either(event, "firstTimestamp", "deprecatedFirstTimestamp");
    age::since(if first.is_null() { &event["eventTime"] } else { first }, now)
}

fn last_seen(event: &Value, now: SystemTime) -> String {
    let last = either(event, "lastTimestamp", "deprecatedLastTimestamp");
    match event.get("series") {
        Some(series) => age::since(&series["lastObservedTime"], now),
        None if last.is_null() => first_seen(event, now),
        None => age::since(last, now),
    }
}

/// An Event that is no series happened once.
fn count(event: &Value) -> i64 {
    match event.get("series") {
        Some(series) => number(&series["count"]),
        None => match number(either(event, "count", "deprecatedCount")) {
            0 => 1,
            count => count,
        },
    }
}
