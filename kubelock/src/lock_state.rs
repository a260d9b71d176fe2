//! What a read of a lock shows.

use kubelock_core::record::Record;
use kubelock_core::timestamp::Timestamp;

use crate::lock_ref::LockRef;

/// A lock as one read showed it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LockState {
    /// Which lock.
    pub lock: LockRef,
    /// The record that stands in the annotation; `None` if there is none.
    pub record: Option<Record>,
    /// Whether that record has expired, by the rule that was asked for.
    pub expired: bool,
    /// The object's UID.
    pub uid: String,
    /// The object's resourceVersion.
    pub resource_version: String,
    /// When it was read, by this machine's wall clock.
    pub seen_at: Timestamp,
}

impl LockState {
    /// Whether somebody holds the lock.
    pub fn is_held(&self) -> bool {
        self.record.is_some() && !self.expired
    }
}
