//! Request bodies: the one write that takes, renews or gives back a lock.
//!
//! Every write carries its precondition. The server compares a `test` with its own
//! encoding of the object byte by byte, so bodies are written as Go would.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::go_json;
use crate::lease;
use crate::mutant::Mutant;
use crate::name::AnnotationKey;

/// What must be true of the object for a record to be added to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Form {
    /// The object has no annotation at all.
    NewMap,
    /// It has annotations, but not ours.
    NewKey,
    /// Ours holds exactly this value.
    Replace(String),
    /// The object does not exist: it is made, with the record on it.
    Create,
}

impl Form {
    /// What the annotation holds where this form applies.
    pub(crate) fn expected(&self) -> Option<String> {
        match self {
            Self::Replace(old) => Some(old.clone()),
            Self::NewMap | Self::NewKey | Self::Create => None,
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Operation<'a> {
    Test {
        path: &'a str,
        value: Option<&'a str>,
    },
    Add {
        path: &'a str,
        value: Value<'a>,
    },
    Replace {
        path: &'a str,
        value: &'a str,
    },
    Remove {
        path: &'a str,
    },
    #[serde(untagged)]
    Any(&'a serde_json::Value),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(&'a str),
    Map(BTreeMap<&'a str, &'a str>),
}

const ANNOTATIONS: &str = "/metadata/annotations";
const UID: &str = "/metadata/uid";
const DELETION: &str = "/metadata/deletionTimestamp";

/// The JSON Patch that puts `value` under `key` if the object is as `form` says; with `living`,
/// only on an object that is not being deleted.
///
/// # Errors
/// None in practice: strings always encode.
///
/// # Shape
/// `[{"op":"test","path":…,"value":…},{"op":"add","path":…,"value":…}]`; for
/// [`Form::Create`] see [`new_lease`].
pub fn acquire(
    key: &AnnotationKey,
    form: &Form,
    value: &str,
    living: bool,
) -> serde_json::Result<Vec<u8>> {
    let pointer = key.pointer();
    let path = pointer.as_str();
    let write = match form {
        Form::NewMap => {
            let map = BTreeMap::from([(key.as_str(), value)]);
            [
                Operation::Test { path: ANNOTATIONS, value: None },
                Operation::Add { path: ANNOTATIONS, value: Value::Map(map) },
            ]
        }
        Form::Replace(old) => {
            [Operation::Test { path, value: Some(old) }, Operation::Replace { path, value }]
        }
        Form::NewKey | Form::Create => [
            Operation::Test { path, value: None },
            Operation::Add { path, value: Value::Text(value) },
        ],
    };
    let living = living && !Mutant::TakesDying.is_on();
    let alive = living.then_some(Operation::Test { path: DELETION, value: None });
    let untested = usize::from(Mutant::NoTest.is_on() && *form != Form::NewMap);
    let write = write.into_iter().skip(untested);
    go_json::to_vec(&alive.into_iter().chain(write).collect::<Vec<_>>())
}

/// The JSON Patch that replaces the record `old` on the object with this UID, or removes it, and
/// then does whatever else `operations` say, all or nothing.
///
/// # Errors
/// None in practice: strings and values always encode.
pub fn change(
    key: &AnnotationKey,
    uid: &str,
    old: &str,
    new: Option<&str>,
    operations: &[serde_json::Value],
) -> serde_json::Result<Vec<u8>> {
    let pointer = key.pointer();
    let path = pointer.as_str();
    let write = match new {
        Some(value) => Operation::Replace { path, value },
        None => Operation::Remove { path },
    };
    let is_guarded = !operations.is_empty();
    let own = [
        (!Mutant::NoUidTest.is_on()).then_some(Operation::Test { path: UID, value: Some(uid) }),
        (!is_untested(new, is_guarded)).then_some(Operation::Test { path, value: Some(old) }),
        (!(is_guarded && Mutant::GuardsWithoutRenewal.is_on())).then_some(write),
    ];
    let own = own.into_iter().flatten();
    let operations = operations.iter().map(Operation::Any);
    go_json::to_vec(&own.chain(operations).collect::<Vec<_>>())
}

/// Never, but for mutants: whether a change leaves out the test of the record.
fn is_untested(new: Option<&str>, is_guarded: bool) -> bool {
    (new.is_none() && Mutant::ReleasesUntested.is_on())
        || (is_guarded && Mutant::GuardsWithoutTest.is_on())
}

/// A Lease that carries `value` from its first moment.
///
/// Its constant annotation keeps the map of annotations alive when the lock is
/// released (the server drops an empty one), so that the next acquire needs one call.
///
/// # Errors
/// None in practice: strings always encode.
///
/// # Source
/// <https://kubernetes.io/docs/reference/labels-annotations-taints/> for both names.
pub fn new_lease(key: &AnnotationKey, name: &str, value: &str) -> serde_json::Result<Vec<u8>> {
    go_json::to_vec(&serde_json::json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": lease::metadata(name, key.as_str(), value),
    }))
}

/// The whole object again with `key` set to `value`, or removed: the body of a PUT.
///
/// Everything else keeps its bytes. The object's own resourceVersion is the precondition.
///
/// # Errors
/// If `object` is not the JSON of an object with `metadata` and a `resourceVersion`, or if
/// `key` does not hold `expected` in it.
pub fn whole(
    object: &[u8],
    key: &AnnotationKey,
    expected: Option<&str>,
    value: Option<&str>,
) -> serde_json::Result<Vec<u8>> {
    type Fields<'a> = BTreeMap<String, &'a RawValue>;
    let mut fields: Fields = serde_json::from_slice(object)?;
    let metadata = fields.get("metadata").ok_or_else(|| unfit("no metadata"))?;
    let mut metadata: Fields = serde_json::from_str(metadata.get())?;
    if !metadata.contains_key("resourceVersion") {
        return Err(unfit("no metadata.resourceVersion"));
    }
    let annotations = metadata
        .get("annotations")
        .map(|raw| serde_json::from_str::<Option<BTreeMap<String, String>>>(raw.get()));
    let mut annotations = annotations.transpose()?.flatten().unwrap_or_default();
    if annotations.get(key.as_str()).map(String::as_str) != expected {
        return Err(unfit("another value of the annotation than was decided on"));
    }
    match value {
        Some(value) => annotations.insert(key.as_str().to_owned(), value.to_owned()),
        None => annotations.remove(key.as_str()),
    };
    let annotations = serde_json::value::to_raw_value(&annotations)?;
    metadata.insert("annotations".into(), &annotations);
    let metadata = serde_json::value::to_raw_value(&metadata)?;
    fields.insert("metadata".into(), &metadata);
    serde_json::to_vec(&fields)
}

fn unfit(what: &str) -> serde_json::Error {
    <serde_json::Error as serde::de::Error>::custom(format!("the object has {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{LockName, Prefix};

    fn key() -> AnnotationKey {
        AnnotationKey::new(&Prefix::default(), &LockName::new("l").unwrap())
    }

    fn text(body: serde_json::Result<Vec<u8>>) -> String {
        String::from_utf8(body.unwrap()).unwrap()
    }

    #[test]
    fn every_write_carries_its_precondition() {
        let rows = [
            (
                Form::NewMap,
                r#"[{"op":"test","path":"/metadata/annotations","value":null},{"op":"add","path":"/metadata/annotations","value":{"kubelock.giantswarm.io/l":"new"}}]"#,
            ),
            (
                Form::NewKey,
                r#"[{"op":"test","path":"/metadata/annotations/kubelock.giantswarm.io~1l","value":null},{"op":"add","path":"/metadata/annotations/kubelock.giantswarm.io~1l","value":"new"}]"#,
            ),
            (
                Form::Replace("old".into()),
                r#"[{"op":"test","path":"/metadata/annotations/kubelock.giantswarm.io~1l","value":"old"},{"op":"replace","path":"/metadata/annotations/kubelock.giantswarm.io~1l","value":"new"}]"#,
            ),
        ];
        for (form, body) in rows {
            assert_eq!(text(acquire(&key(), &form, "new", false)), body);
        }
    }

    #[test]
    fn a_change_tests_the_uid_and_the_exact_record() {
        assert_eq!(
            text(change(&key(), "u", "old", None, &[])),
            r#"[{"op":"test","path":"/metadata/uid","value":"u"},{"op":"test","path":"/metadata/annotations/kubelock.giantswarm.io~1l","value":"old"},{"op":"remove","path":"/metadata/annotations/kubelock.giantswarm.io~1l"}]"#
        );
        assert!(text(change(&key(), "u", "old", Some("new"), &[])).ends_with(r#""op":"replace","path":"/metadata/annotations/kubelock.giantswarm.io~1l","value":"new"}]"#));
    }

    #[test]
    fn a_hold_is_taken_on_a_living_object_only() {
        let body = text(acquire(&key(), &Form::NewKey, "new", true));
        let test = r#"[{"op":"test","path":"/metadata/deletionTimestamp","value":null},"#;
        assert!(body.starts_with(test), "{body}");
    }

    #[test]
    fn other_operations_come_after_the_record_and_are_spelt_as_the_server_spells_them() {
        let operation = serde_json::json!({"op": "test", "path": "/data/a", "value": "<b>"});
        let body = text(change(&key(), "u", "old", Some("new"), &[operation]));
        let end = r#""value":"new"},{"op":"test","path":"/data/a","value":"\u003cb\u003e"}]"#;
        assert!(body.ends_with(end), "{body}");
    }

    #[test]
    fn a_tested_value_is_spelt_as_the_server_spells_it() {
        let body = text(change(&key(), "u", "a<b&é\u{2028}\u{7f}", None, &[]));
        assert!(body.contains("\"a\\u003cb\\u0026é\\u2028\u{7f}\""), "{body}");
    }

    #[test]
    fn a_whole_object_keeps_everything_but_the_annotation() {
        let object = br#"{"kind":"X","metadata":{"name":"n","resourceVersion":"7","annotations":{"a":"1"}},"spec":{"big":123456789012345678901234567890,"f":1.0}}"#;
        let body = text(whole(object, &key(), None, Some("v")));
        assert!(
            body.contains(r#""annotations":{"a":"1","kubelock.giantswarm.io/l":"v"}"#),
            "{body}"
        );
        assert!(body.contains(r#"{"big":123456789012345678901234567890,"f":1.0}"#), "{body}");
        assert!(body.contains(r#""resourceVersion":"7""#), "{body}");
    }

    #[test]
    fn a_whole_object_without_a_resource_version_is_never_put() {
        for object in ["{}", r#"{"metadata":{"name":"n"}}"#, "[]", ""] {
            assert!(whole(object.as_bytes(), &key(), None, Some("v")).is_err(), "{object}");
        }
    }

    #[test]
    fn a_whole_object_with_another_record_than_was_decided_on_is_never_put() {
        let object = br#"{"metadata":{"resourceVersion":"7","annotations":{"kubelock.giantswarm.io/l":"bobs"}}}"#;
        for expected in [None, Some("mine")] {
            assert!(whole(object, &key(), expected, Some("v")).is_err(), "{expected:?}");
        }
        assert!(whole(object, &key(), Some("bobs"), None).is_ok());
    }
}
