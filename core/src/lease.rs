//! The Leases that kubelock makes, and which of them nobody uses.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::go_json::read_time;
use crate::timestamp::Timestamp;

/// The label that tells who made a Lease.
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
pub(crate) const KUBELOCK: &str = "kubelock";
/// The annotation that keeps the map of annotations alive.
pub(crate) const DESCRIPTION: &str = "kubernetes.io/description";
pub(crate) const DESCRIBED: &str = "Carries locks; made by kubelock.";

/// The label selector of the Leases that kubelock made.
pub const SELECTOR: &str = "app.kubernetes.io/managed-by=kubelock";

/// A Lease that kubelock made, that carries nothing and that nobody has used for long.
///
/// It may be deleted, with both of these as preconditions: whoever takes a lock on it meanwhile
/// changes its version, and whoever takes one later makes it anew.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdleLease {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Its resourceVersion when it was seen to be idle.
    pub resource_version: String,
    /// When a lock was last taken or renewed on it, or else when it was made.
    pub last_used: Timestamp,
}

/// Why a Lease is left alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseInUse {
    /// Not made by kubelock, or no Lease at all.
    #[error("kubelock did not make it")]
    NotOurs,
    /// It carries a lock, a queue, or whatever else somebody has written there.
    #[error("it carries the {what} {}", crate::name::quoted(key))]
    Carries {
        /// `annotation` or `label`.
        what: &'static str,
        /// Its key.
        key: String,
    },
    /// Something else uses it: as a Lease, as an object that it owns, or by a finalizer.
    #[error("something else uses it: it has {0}")]
    Used(&'static str),
    /// It is being deleted already.
    #[error("it is being deleted")]
    Terminating,
    /// It was made, or a lock was taken or renewed on it, not long enough ago.
    #[error("it was used not long ago")]
    Young,
}

impl IdleLease {
    /// Judges a Lease as the API server shows it, whole.
    ///
    /// # Errors
    /// Why it is not idle: for any doubt it is left alone.
    pub fn judge(lease: &Value, now: Timestamp, older_than: Duration) -> Result<Self, LeaseInUse> {
        let metadata = &lease["metadata"];
        if metadata["labels"][MANAGED_BY] != KUBELOCK {
            return Err(LeaseInUse::NotOurs);
        }
        only(metadata, "labels", "label", &[(MANAGED_BY, KUBELOCK)])?;
        only(metadata, "annotations", "annotation", &[(DESCRIPTION, DESCRIBED)])?;
        if metadata["deletionTimestamp"].is_string() {
            return Err(LeaseInUse::Terminating);
        }
        unused(&metadata["ownerReferences"], "an owner")?;
        unused(&metadata["finalizers"], "a finalizer")?;
        unused(&lease["spec"], "a spec")?;
        let text = |field: &str| metadata[field].as_str().map(str::to_owned);
        let parts = (text("namespace"), text("name"), text("uid"), text("resourceVersion"));
        let (Some(namespace), Some(name), Some(uid), Some(resource_version)) = parts else {
            return Err(LeaseInUse::NotOurs);
        };
        let last_used = last_used(metadata).ok_or(LeaseInUse::NotOurs)?;
        if last_used.saturating_add(older_than) >= now {
            return Err(LeaseInUse::Young);
        }
        Ok(Self { namespace, name, uid, resource_version, last_used })
    }
}

/// Nothing but what kubelock itself writes.
fn only(
    metadata: &Value,
    field: &str,
    what: &'static str,
    ours: &[(&str, &str)],
) -> Result<(), LeaseInUse> {
    let foreign = |(key, value): &(&String, &Value)| {
        !ours.iter().any(|(known, expected)| key == known && **value == *expected)
    };
    match metadata[field].as_object().and_then(|map| map.iter().find(foreign)) {
        Some((key, _)) => Err(LeaseInUse::Carries { what, key: key.clone() }),
        None => Ok(()),
    }
}

/// Empty, however that is written.
fn unused(value: &Value, what: &'static str) -> Result<(), LeaseInUse> {
    let is_empty = match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(Value::is_null),
        _ => false,
    };
    if is_empty { Ok(()) } else { Err(LeaseInUse::Used(what)) }
}

/// When it was last added to, as far as the API server keeps track of that, or made. To take
/// something away, as a release does, is not noted there.
fn last_used(metadata: &Value) -> Option<Timestamp> {
    let time = |value: &Value| value.as_str().and_then(read);
    let fields = metadata["managedFields"].as_array().into_iter().flatten();
    let managed = fields.filter_map(|entry| time(&entry["time"])).max();
    time(&metadata["creationTimestamp"]).max(managed)
}

fn read(text: &str) -> Option<Timestamp> {
    read_time(text)
}

/// The labels and annotations of a Lease that is made with this annotation.
pub(crate) fn metadata(name: &str, key: &str, value: &str) -> Value {
    let text = |text: &str| Value::String(text.to_owned());
    let labels = Map::from_iter([(MANAGED_BY.to_owned(), text(KUBELOCK))]);
    let annotations =
        Map::from_iter([(DESCRIPTION.to_owned(), text(DESCRIBED)), (key.to_owned(), text(value))]);
    serde_json::json!({ "name": name, "labels": labels, "annotations": annotations })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn idle() -> Value {
        json!({
            "metadata": {
                "namespace": "ci", "name": "deploy", "uid": "u", "resourceVersion": "7",
                "creationTimestamp": "2026-03-01T00:00:00Z",
                "labels": { "app.kubernetes.io/managed-by": "kubelock" },
                "annotations": { "kubernetes.io/description": "Carries locks; made by kubelock." },
                "managedFields": [{ "manager": "kubelock", "time": "2026-03-02T00:00:00Z" }],
            },
            "spec": {},
        })
    }

    fn at(time: &str) -> Timestamp {
        read(time).unwrap()
    }

    fn judge(lease: &Value) -> Result<IdleLease, LeaseInUse> {
        IdleLease::judge(lease, at("2026-03-10T00:00:00Z"), DAY)
    }

    #[test]
    fn a_lease_of_ours_that_carries_nothing_is_last_used_its_last_change() {
        let lease = judge(&idle()).unwrap();
        assert_eq!((lease.namespace.as_str(), lease.name.as_str()), ("ci", "deploy"));
        assert_eq!((lease.uid.as_str(), lease.resource_version.as_str()), ("u", "7"));
        assert_eq!(lease.last_used, at("2026-03-02T00:00:00Z"));
    }

    #[test]
    fn a_lease_is_kept_until_it_has_been_idle_for_long_enough() {
        let judge = |now| IdleLease::judge(&idle(), at(now), DAY);
        assert_eq!(judge("2026-03-03T00:00:00Z"), Err(LeaseInUse::Young));
        assert!(judge("2026-03-03T00:00:01Z").is_ok());
        let mut unmanaged = idle();
        unmanaged["metadata"]["managedFields"] = json!(null);
        let judge = |now| IdleLease::judge(&unmanaged, at(now), DAY);
        assert_eq!(judge("2026-03-02T00:00:00Z"), Err(LeaseInUse::Young));
        assert!(judge("2026-03-02T00:00:01Z").is_ok());
    }

    #[test]
    fn what_carries_anything_or_is_of_use_to_anybody_is_kept() {
        let edits: [(&str, Value); 13] = [
            ("/metadata/labels", json!({})),
            ("/metadata/labels", json!({ "app.kubernetes.io/managed-by": "helm" })),
            (
                "/metadata/labels",
                json!({ "app.kubernetes.io/managed-by": "kubelock", "team": "a" }),
            ),
            ("/metadata/annotations", json!({ "kubelock.giantswarm.io/deploy": "{}" })),
            ("/metadata/annotations", json!({ "kubelock.giantswarm.io/deploy": "" })),
            ("/metadata/annotations", json!({ "queue.kubelock.giantswarm.io/deploy": "[]" })),
            ("/metadata/annotations", json!({ "locks.example.org/deploy": "{}" })),
            ("/metadata/annotations", json!({ "kubernetes.io/description": "mine" })),
            ("/metadata/deletionTimestamp", json!("2026-03-01T00:00:00Z")),
            ("/metadata/ownerReferences", json!([{ "uid": "o" }])),
            ("/metadata/finalizers", json!(["example.org/keep"])),
            ("/spec", json!({ "holderIdentity": "leader" })),
            ("/spec", json!("odd")),
        ];
        for (path, value) in edits {
            let mut lease = idle();
            let (parent, field) = path.rsplit_once('/').unwrap();
            lease.pointer_mut(parent).unwrap()[field] = value;
            assert!(judge(&lease).is_err(), "{path}: {lease}");
        }
    }

    #[test]
    fn a_lease_without_annotations_or_with_an_empty_spec_is_as_idle() {
        for (path, value) in [("annotations", json!(null)), ("finalizers", json!([]))] {
            let mut lease = idle();
            lease["metadata"][path] = value;
            assert!(judge(&lease).is_ok(), "{lease}");
        }
        let mut lease = idle();
        lease["spec"] = json!({ "holderIdentity": null });
        assert!(judge(&lease).is_ok());
        lease.as_object_mut().unwrap().remove("spec");
        assert!(judge(&lease).is_ok());
    }

    #[test]
    fn whoever_cannot_be_named_is_kept() {
        for field in ["namespace", "name", "uid", "resourceVersion", "creationTimestamp"] {
            let mut lease = idle();
            lease["metadata"].as_object_mut().unwrap().remove("managedFields");
            lease["metadata"].as_object_mut().unwrap().remove(field);
            assert_eq!(judge(&lease), Err(LeaseInUse::NotOurs), "{field}");
        }
        assert_eq!(judge(&json!(7)), Err(LeaseInUse::NotOurs));
    }

    #[test]
    fn a_lease_that_is_made_now_is_idle_once_its_lock_is_gone() {
        let mut lease = idle();
        lease["metadata"]["labels"] = metadata("deploy", "k", "v")["labels"].clone();
        lease["metadata"]["annotations"] = metadata("deploy", "k", "v")["annotations"].clone();
        let carries = LeaseInUse::Carries { what: "annotation", key: "k".into() };
        assert_eq!(judge(&lease), Err(carries));
        lease["metadata"]["annotations"].as_object_mut().unwrap().remove("k");
        assert!(judge(&lease).is_ok());
    }
}
