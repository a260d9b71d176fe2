//! The locks of an object whose metadata somebody has already.

use kube::core::{GroupVersionResource, ObjectMeta};
use kubelock_core::expiry::{Clocks, ExpiryRule};
use kubelock_core::name::{AnnotationKey, LockName, PathSegment, Prefix};
use kubelock_core::record::{Malformed, Record};
use kubelock_core::timestamp::Timestamp;

use crate::kube_lock::KubeLock;
use crate::lock_ref::LockRef;

/// A lock as it was seen on an object: in a list, a watch or a cache.
///
/// Such a sight may be old. It is for showing: whether a lock can be taken, only taking it tells.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Sighting {
    /// Which lock.
    pub lock: LockRef,
    /// The record, or why it is none: such a lock is nobody's, and not free either.
    pub record: Result<Record, Malformed>,
    /// Whether the record has expired, by the rule that was asked for. A malformed one never does.
    pub expired: bool,
    /// The object's UID.
    pub uid: String,
    /// The object's resourceVersion.
    pub resource_version: String,
    /// When it was looked at, by this machine's wall clock.
    pub seen_at: Timestamp,
}

impl KubeLock {
    /// All locks that an object carries, by its metadata: what a list, a watch or an informer's
    /// cache shows of it. Sends nothing.
    ///
    /// `server` is the API server's time when it showed the object (the `Date` of the answer), or
    /// any instant before; without it nothing has expired by [`ExpiryRule::BothClocks`].
    ///
    /// # Guarantees
    /// In the order of their names. A malformed record is among them, not left out.
    ///
    /// # Assumptions
    /// The object is of this kind. One whose name or namespace the API server would not accept
    /// carries no lock.
    pub fn sightings(
        &self,
        object: &ObjectMeta,
        expiry: ExpiryRule,
        server: Option<Timestamp>,
    ) -> Vec<Sighting> {
        let clocks = Clocks { local: self.clock.wall(), server };
        let Some(carrier) = Carrier::of(object, &self.gvr) else { return Vec::new() };
        let annotations = object.annotations.iter().flatten();
        annotations
            .filter_map(|(key, value)| {
                let lock = carrier.lock(&self.prefix, key)?;
                let record = Record::decode(value);
                let expired = record.as_ref().is_ok_and(|record| expiry.is_expired(record, clocks));
                let uid = object.uid.clone().unwrap_or_default();
                let resource_version = object.resource_version.clone().unwrap_or_default();
                let seen_at = clocks.local;
                Some(Sighting { lock, record, expired, uid, resource_version, seen_at })
            })
            .collect()
    }
}

/// The object, named.
struct Carrier<'a> {
    gvr: &'a GroupVersionResource,
    namespace: Option<PathSegment>,
    object: PathSegment,
}

impl<'a> Carrier<'a> {
    fn of(object: &ObjectMeta, gvr: &'a GroupVersionResource) -> Option<Self> {
        let namespace = object.namespace.as_deref().map(PathSegment::namespace);
        let object = PathSegment::object(object.name.as_deref()?).ok()?;
        Some(Self { gvr, namespace: namespace.transpose().ok()?, object })
    }

    /// The lock that an annotation carries, if it carries one.
    fn lock(&self, prefix: &Prefix, key: &str) -> Option<LockRef> {
        let name = key.strip_prefix(prefix.as_str())?.strip_prefix('/')?;
        let name = LockName::new(name).ok()?;
        Some(LockRef {
            key: AnnotationKey::new(prefix, &name),
            name,
            gvr: self.gvr.clone(),
            namespace: self.namespace.clone(),
            object: self.object.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{Request, Response};
    use kube::client::Body;

    use super::*;
    use crate::Config;

    const OLD: &str = r#"{"owner":"a","createdAt":"2020-03-25T10:00:00Z","ttl":300000000000}"#;

    /// Locks on configmaps of a server that is never asked.
    fn locks() -> KubeLock {
        let service = tower::service_fn(async |_: Request<Body>| {
            Ok::<_, Infallible>(Response::new(Body::empty()))
        });
        let gvr = GroupVersionResource::gvr("", "v1", "configmaps");
        KubeLock::new(Config { client: kube::Client::new(service, "default"), gvr }).unwrap()
    }

    fn object(name: &str, annotations: &[(&str, &str)]) -> ObjectMeta {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some("ci".to_owned()),
            uid: Some("u-1".to_owned()),
            resource_version: Some("7".to_owned()),
            annotations: Some(annotations.iter().map(owned).collect()),
            ..ObjectMeta::default()
        }
    }

    fn at(text: &str) -> Timestamp {
        let record = format!(r#"{{"createdAt":"{text}"}}"#);
        Record::decode(&record).unwrap().created_at
    }

    #[tokio::test]
    async fn every_annotation_under_the_prefix_is_a_lock_and_no_other_is() {
        let app = object(
            "app",
            &[
                ("kubelock.giantswarm.io/b", "{"),
                ("kubelock.giantswarm.io/a", OLD),
                ("kubelock.giantswarm.io.example/c", OLD),
                ("queue.kubelock.giantswarm.io/a", OLD),
                ("kubelock.giantswarm.io", OLD),
            ],
        );

        let seen = locks().sightings(&app, ExpiryRule::LocalClock, None);

        let shown: Vec<_> =
            seen.iter().map(|it| (it.lock.to_string(), it.record.is_ok(), it.expired)).collect();
        let on = "on configmaps/app in namespace ci";
        let expected =
            [(format!("lock \"a\" {on}"), true, true), (format!("lock \"b\" {on}"), false, false)];
        assert_eq!(shown, expected);
        assert_eq!((seen[0].uid.as_str(), seen[0].resource_version.as_str()), ("u-1", "7"));
    }

    #[tokio::test]
    async fn by_both_clocks_a_lock_has_expired_once_the_servers_says_so_too() {
        let app = object("app", &[("kubelock.giantswarm.io/a", OLD)]);
        let expired = |server| locks().sightings(&app, ExpiryRule::BothClocks, server)[0].expired;

        assert!(!expired(None));
        assert!(!expired(Some(at("2020-03-25T10:05:00Z"))));
        assert!(expired(Some(at("2020-03-25T10:05:01Z"))));
    }

    #[tokio::test]
    async fn an_object_that_no_server_would_name_so_carries_no_lock() {
        for name in ["", "../x", "a b"] {
            let foreign = object(name, &[("kubelock.giantswarm.io/a", OLD)]);
            assert!(locks().sightings(&foreign, ExpiryRule::LocalClock, None).is_empty(), "{name}");
        }
    }
}
