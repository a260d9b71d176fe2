//! A lock as it is shown.

use std::time::Duration;

use kubelock::{Acquired, ExpiryRule, Malformed, Record, Sighting, Standing, Timestamp};

use super::holder;
use crate::kind::Kind;
use crate::target::Target;

/// A lock, what stands in its annotation, and when that was seen.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) lock: String,
    /// The annotation that carries it.
    pub(crate) annotation: String,
    /// The object as `--on` takes it.
    pub(crate) on: String,
    pub(crate) namespace: Option<String>,
    pub(crate) gvr: kube::core::GroupVersionResource,
    pub(crate) object: String,
    pub(crate) uid: String,
    pub(crate) resource_version: String,
    pub(crate) state: State,
    pub(crate) seen_at: Timestamp,
}

/// What the annotation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// The record counts.
    Held(Record),
    /// It no longer does.
    Expired(Record),
    /// It is none: nobody can take or release such a lock.
    Malformed(Malformed),
    /// There is none any more.
    Free,
    /// The object is gone, and the lock with it.
    Deleted,
    /// The object is gone, or has other labels now than those that were asked for: a watch does
    /// not tell which.
    Gone,
}

impl State {
    fn of(record: Record, expired: bool) -> Self {
        if expired { Self::Expired(record) } else { Self::Held(record) }
    }

    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Held(_) => "held",
            Self::Expired(_) => "expired",
            Self::Malformed(_) => "malformed",
            Self::Free => "free",
            Self::Deleted => "deleted",
            Self::Gone => "gone",
        }
    }

    pub(crate) fn record(&self) -> Option<&Record> {
        match self {
            Self::Held(record) | Self::Expired(record) => Some(record),
            Self::Malformed(_) | Self::Free | Self::Deleted | Self::Gone => None,
        }
    }
}

impl View {
    /// What a read showed.
    pub(crate) fn standing(target: &Target, standing: &Standing) -> Self {
        let state = match standing.record() {
            Ok(record) => State::of(record.clone(), standing.is_expired(ExpiryRule::BothClocks)),
            Err(malformed) => State::Malformed(malformed.clone()),
        };
        Self {
            lock: target.lock.to_string(),
            annotation: standing.lock().key.as_str().to_owned(),
            on: target.on(),
            namespace: target.namespace.clone(),
            gvr: target.kind.gvr.clone(),
            object: target.object.clone(),
            uid: standing.uid().to_owned(),
            resource_version: standing.resource_version().to_owned(),
            state,
            seen_at: standing.seen_at(),
        }
    }

    /// What an acquire wrote.
    pub(crate) fn acquired(target: &Target, acquired: &Acquired, now: Timestamp) -> Self {
        Self {
            lock: target.lock.to_string(),
            annotation: acquired.lock().key.as_str().to_owned(),
            on: target.on(),
            namespace: target.namespace.clone(),
            gvr: target.kind.gvr.clone(),
            object: target.object.clone(),
            uid: acquired.uid().to_owned(),
            resource_version: acquired.resource_version().to_owned(),
            state: State::Held(acquired.record().clone()),
            seen_at: now,
        }
    }

    /// What a list or a watch showed.
    pub(crate) fn sighted(kind: &Kind, sighting: Sighting) -> Self {
        let lock = sighting.lock;
        let state = match sighting.record {
            Ok(record) => State::of(record, sighting.expired),
            Err(malformed) => State::Malformed(malformed),
        };
        Self {
            lock: lock.name.to_string(),
            annotation: lock.key.as_str().to_owned(),
            on: format!("{}/{}", kind.shown, lock.object),
            namespace: lock.namespace.map(|namespace| namespace.to_string()),
            gvr: lock.gvr,
            object: lock.object.to_string(),
            uid: sighting.uid,
            resource_version: sighting.resource_version,
            state,
            seen_at: sighting.seen_at,
        }
    }

    pub(crate) fn is_held(&self) -> bool {
        matches!(self.state, State::Held(_))
    }

    /// How long the lock has been held.
    pub(crate) fn age(&self) -> Option<Duration> {
        self.state.record().map(|record| holder::age_of(record, self.seen_at))
    }

    /// How long it still lasts, if it does.
    pub(crate) fn left(&self) -> Option<Duration> {
        match &self.state {
            State::Held(record) => Some(record.expires_at().saturating_since(self.seen_at)),
            _ => None,
        }
    }
}
