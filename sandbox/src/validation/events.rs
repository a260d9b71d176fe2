//! The rules of Events.
//!
//! Both versions keep those of old; `events.k8s.io` has more, and does not let an Event change.
//! Fields are called as the core group calls them, whoever asks: so does
//! `pkg/apis/core/validation/events.go` of Kubernetes, but for the one that reports.

use kubelock_core::go_json;
use serde_json::{Map, Value, json};

use super::invalid_all;
use crate::event::is_strict;
use crate::field::FieldError;
use crate::kinds::Kind;
use crate::names;

const NAME_LIMIT: usize = 128;
const MESSAGE_LIMIT: usize = 1024;

/// What is wrong with a new Event, whose metadata is told between the old rules and the new. In
/// the core group, metadata is checked only where nothing else is wrong.
pub(super) fn of_new(kind: &Kind, event: &Value, of_metadata: Vec<FieldError>) -> Vec<FieldError> {
    let old_rules = of_all(kind, event);
    if is_strict(kind) {
        return [old_rules, of_metadata, of_series(event), of_new_strict(event)].concat();
    }
    if old_rules.is_empty() { of_metadata } else { old_rules }
}

/// What is wrong with an Event that is to take the place of `old`, beside its metadata.
pub(super) fn of_changed(kind: &Kind, event: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = of_all(kind, event);
    if is_strict(kind) {
        if event["series"] != old["series"] {
            errors.extend(of_series(event));
        }
        let changed = IMMUTABLE.into_iter().filter(|field| event[*field] != old[*field]);
        errors.extend(changed.map(|field| immutable(field, &event[field])));
    }
    errors
}

/// What of an Event stays as it was.
const IMMUTABLE: [&str; 13] = [
    "involvedObject",
    "reason",
    "message",
    "source",
    "firstTimestamp",
    "lastTimestamp",
    "count",
    "type",
    "eventTime",
    "action",
    "related",
    "reportingComponent",
    "reportingInstance",
];

fn immutable(field: &str, value: &Value) -> FieldError {
    let why = "field is immutable";
    match (field, value) {
        ("involvedObject" | "related", Value::Object(reference)) => {
            FieldError::invalid_as(field, &spelt(reference, &REFERENCE), why)
        }
        ("source", Value::Object(source)) => {
            FieldError::invalid_as(field, &spelt(source, &SOURCE), why)
        }
        ("count", Value::Null) => FieldError::invalid(field, &json!(0), why),
        ("reportingComponent", name) => FieldError::invalid("reportingController", name, why),
        ("reason" | "message" | "type" | "action", Value::Null) => {
            FieldError::invalid(field, &json!(""), why)
        }
        (field, value) => FieldError::invalid(field, value, why),
    }
}

/// The members of a Go type, and as they are kept.
const REFERENCE: [(&str, &str); 7] = [
    ("Kind", "kind"),
    ("Namespace", "namespace"),
    ("Name", "name"),
    ("UID", "uid"),
    ("APIVersion", "apiVersion"),
    ("ResourceVersion", "resourceVersion"),
    ("FieldPath", "fieldPath"),
];
const SOURCE: [(&str, &str); 2] = [("Component", "component"), ("Host", "host")];

/// As Go spells it, with all that is empty in it.
fn spelt(object: &Map<String, Value>, members: &[(&str, &str)]) -> String {
    let member = |(go_name, name): &(&str, &str)| {
        let text = object.get(*name).map_or("", text);
        let text = go_json::to_vec(text).unwrap_or_default();
        format!("\"{go_name}\":{}", String::from_utf8_lossy(&text))
    };
    format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn of_all(kind: &Kind, event: &Value) -> Vec<FieldError> {
    let is_new = !event["eventTime"].is_null();
    let mut errors: Vec<FieldError> = of_namespace(event, is_new).into_iter().collect();
    if is_new {
        let reporter = if is_strict(kind) { "reportingController" } else { "reportingComponent" };
        let name = text(&event["reportingComponent"]);
        errors.extend(name.is_empty().then(|| FieldError::required(reporter, "")));
        errors.extend(invalid_all(reporter, name, names::qualified_name(name)));
        for field in ["reportingInstance", "action", "reason"] {
            let value = text(&event[field]);
            errors.extend(value.is_empty().then(|| FieldError::required(field, "")));
            errors.extend(too_long(field, value, NAME_LIMIT));
        }
        errors.extend(too_long("message", text(&event["message"]), MESSAGE_LIMIT));
    }
    errors
}

/// An Event is where the object is that it is about. About one in no namespace, it is in
/// `default`, and a newer one may be in `kube-system`, and about one elsewhere.
fn of_namespace(event: &Value, is_new: bool) -> Option<FieldError> {
    let own = text(&event["metadata"]["namespace"]);
    let about = text(&event["involvedObject"]["namespace"]);
    let fits = match (about, is_new) {
        ("", true) => matches!(own, "default" | "kube-system"),
        ("", false) => matches!(own, "" | "default"),
        (_, true) => true,
        (about, false) => about == own,
    };
    let why = "does not match event.namespace";
    (!fits).then(|| FieldError::invalid("involvedObject.namespace", &json!(about), why))
}

fn too_long(field: &str, value: &str, limit: usize) -> Option<FieldError> {
    let why = || format!("can have at most {limit} characters");
    (value.len() > limit).then(|| unnamed(field, &why()))
}

/// The rule is told, and not the value.
fn unnamed(field: &str, why: &str) -> FieldError {
    FieldError::invalid(field, &json!(""), why)
}

fn of_series(event: &Value) -> Vec<FieldError> {
    let Some(series) = event.get("series") else { return Vec::new() };
    let is_few = series["count"].as_i64().unwrap_or_default() < 2;
    let is_timeless = series["lastObservedTime"].is_null();
    let few = is_few.then(|| unnamed("series.count", "should be at least 2"));
    let timeless = is_timeless.then(|| FieldError::required("series.lastObservedTime", ""));
    few.into_iter().chain(timeless).collect()
}

/// What Events were before is left to the core group.
fn of_new_strict(event: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if event["eventTime"].is_null() {
        errors.push(FieldError::required("eventTime", ""));
    }
    let type_name = text(&event["type"]);
    if !matches!(type_name, "Normal" | "Warning") {
        errors.push(unnamed("type", &format!("has invalid value: {type_name}")));
    }
    let is_set = |field: &&str| match &event[*field] {
        Value::Object(source) => !source.is_empty(),
        value => !value.is_null(),
    };
    let old = ["firstTimestamp", "lastTimestamp", "count", "source"].into_iter().filter(is_set);
    errors.extend(old.map(|field| unnamed(field, "needs to be unset")));
    errors
}
