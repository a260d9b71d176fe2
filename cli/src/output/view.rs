//! A lock as it is shown.

use std::time::Duration;

use kubelock::{Acquired, LockState, Record, Timestamp};

use super::holder;
use crate::target::Target;

/// A lock with a record, and when that was seen.
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
    pub(crate) record: Record,
    pub(crate) state: State,
    pub(crate) seen_at: Timestamp,
}

/// Whether the record still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Held,
    Expired,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Expired => "expired",
        }
    }
}

impl View {
    /// What a read showed, if there is a record.
    pub(crate) fn of(target: &Target, state: LockState) -> Option<Self> {
        let record = state.record?;
        Some(Self {
            lock: target.lock.to_string(),
            annotation: state.lock.key.as_str().to_owned(),
            on: target.on(),
            namespace: target.namespace.clone(),
            gvr: target.kind.gvr.clone(),
            object: target.object.clone(),
            uid: state.uid,
            resource_version: state.resource_version,
            record,
            state: if state.expired { State::Expired } else { State::Held },
            seen_at: state.seen_at,
        })
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
            record: acquired.record().clone(),
            state: State::Held,
            seen_at: now,
        }
    }

    pub(crate) fn is_held(&self) -> bool {
        self.state == State::Held
    }

    /// How long the lock has been held.
    pub(crate) fn age(&self) -> Duration {
        holder::age_of(&self.record, self.seen_at)
    }

    /// How long it still lasts, if it does.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.is_held().then(|| self.record.expires_at().saturating_since(self.seen_at))
    }
}
