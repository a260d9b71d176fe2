//! Events: one kind that two groups serve.
//!
//! They are kept as the core group has them. `events.k8s.io` calls some of their fields otherwise
//! and leaves out others where they are empty.

use serde_json::{Map, Value, json};

use crate::kinds::Kind;
use crate::metadata::members_mut;

/// As the core group and as `events.k8s.io` call a field.
const NAMES: [(&str, &str); 7] = [
    ("count", "deprecatedCount"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("involvedObject", "regarding"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
];

/// The versions that Events may say they are of, and be understood.
const API_VERSIONS: [&str; 3] = ["v1", "events.k8s.io/v1", "events.k8s.io/v1beta1"];

/// What of the object that an Event is about can be selected.
const SELECTABLE: [&str; 7] =
    ["apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid"];

pub(crate) fn is_event(kind: &Kind) -> bool {
    kind.plural == "events" && !kind.is_custom
}

/// Whether it is the newer version, which leaves less to the client.
pub(crate) fn is_strict(kind: &Kind) -> bool {
    is_event(kind) && !kind.group.is_empty()
}

/// Whether an object of this version is an Event that is to go elsewhere.
pub(crate) fn is_of_sibling(kind: &Kind, api_version: &str) -> bool {
    is_event(kind) && API_VERSIONS.contains(&api_version) && kind.api_version() != api_version
}

/// Makes what was read as a kind what is kept of it.
pub(crate) fn keep(kind: &Kind, object: &mut Value) {
    if is_strict(kind) {
        rename(members_mut(object), NAMES.map(|(core, new)| (new, core)));
    }
}

/// Makes what is kept what a kind serves.
pub(crate) fn serve(kind: &Kind, object: &mut Value) {
    if !is_strict(kind) {
        return;
    }
    let members = members_mut(object);
    members.retain(|name, value| !(name.starts_with("reporting") && value == ""));
    if let Some(series) = members.get_mut("series") {
        members_mut(series).entry("count").or_insert_with(|| json!(0));
    }
    rename(members, NAMES);
}

fn rename(members: &mut Map<String, Value>, names: [(&str, &str); NAMES.len()]) {
    for (from, to) in names {
        if let Some(value) = members.remove(from) {
            members.insert(to.to_owned(), value);
        }
    }
}

/// Adds what is kept of an Event even where it is empty, and drops the zeros that are not.
pub(crate) fn complete(kind: &Kind, object: &mut Value) {
    if !is_event(kind) {
        return;
    }
    let members = members_mut(object);
    for (name, empty) in [
        ("eventTime", Value::Null),
        ("firstTimestamp", Value::Null),
        ("involvedObject", json!({})),
        ("lastTimestamp", Value::Null),
        ("reportingComponent", json!("")),
        ("reportingInstance", json!("")),
        ("source", json!({})),
    ] {
        members.entry(name).or_insert(empty);
    }
    drop_zero(members);
    if let Some(series) = members.get_mut("series") {
        let series = members_mut(series);
        series.entry("lastObservedTime").or_insert(Value::Null);
        drop_zero(series);
    }
}

fn drop_zero(members: &mut Map<String, Value>) {
    members.retain(|name, value| !(name == "count" && *value == 0));
}

/// Where a field is kept that a selector names; the first that is not empty counts.
pub(crate) fn selected(kind: &Kind, field: &str) -> Option<Vec<String>> {
    let (about, reporter) = if is_strict(kind) {
        ("regarding", "reportingController")
    } else {
        ("involvedObject", "reportingComponent")
    };
    let pointers = match field {
        "reason" | "type" => vec![format!("/{field}")],
        "source" if !is_strict(kind) => {
            vec!["/source/component".to_owned(), "/reportingComponent".to_owned()]
        }
        _ if field == reporter => vec!["/reportingComponent".to_owned()],
        _ => {
            let part = field.strip_prefix(about)?.strip_prefix('.')?;
            vec![format!("/involvedObject/{}", SELECTABLE.iter().find(|known| **known == part)?)]
        }
    };
    Some(pointers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Kinds;

    fn of(group: &str) -> Kind {
        Kinds::built_in().find(group, "v1", "events").unwrap().clone()
    }

    #[test]
    fn what_is_served_is_kept_as_it_was() {
        let kept = || {
            let mut kept = json!({
                "involvedObject": { "name": "app" }, "message": "m", "count": 2,
                "reportingComponent": "example.org/me", "series": { "count": 3 },
            });
            complete(&of(""), &mut kept);
            kept
        };
        let strict = of("events.k8s.io");
        let mut object = kept();
        serve(&strict, &mut object);
        assert_eq!((&object["note"], &object["deprecatedCount"]), (&json!("m"), &json!(2)));
        assert!(NAMES.iter().all(|(core, _)| object.get(core).is_none()), "{object}");
        keep(&strict, &mut object);
        complete(&strict, &mut object);
        assert_eq!(object, kept());
    }

    #[test]
    fn zeros_are_kept_as_nothing() {
        let mut object = json!({ "count": 0, "series": { "count": 0 } });
        complete(&of(""), &mut object);
        assert_eq!(object.get("count"), None);
        assert_eq!(object["series"], json!({ "lastObservedTime": null }));
    }

    #[test]
    fn each_version_selects_by_its_own_names() {
        let (core, strict) = (of(""), of("events.k8s.io"));
        let name = Some(vec!["/involvedObject/name".to_owned()]);
        assert_eq!(selected(&core, "involvedObject.name"), name);
        assert_eq!(selected(&strict, "regarding.name"), name);
        for field in ["involvedObject.name", "source", "reportingComponent", "regarding.x"] {
            assert_eq!(selected(&strict, field), None, "{field}");
        }
    }
}
