//! A lock that was taken, with its record at hand.

use std::time::Duration;

use kubelock_core::record::Record;

use crate::error::Error;
use crate::lock::Lock;
use crate::lock_ref::LockRef;
use crate::options::ExpiryRule;
use crate::span::{call_span, traced};

/// A lock that this process took.
///
/// Dropping it does *not* release the lock: like the Go package's, it stands until it is
/// released or its ttl is over. Nothing renews it.
#[derive(Clone)]
pub struct Acquired {
    pub(crate) lock: Lock,
    pub(crate) lock_ref: LockRef,
    pub(crate) record: Record,
    pub(crate) uid: String,
    pub(crate) resource_version: String,
    pub(crate) expiry: ExpiryRule,
    pub(crate) deadline: Duration,
}

impl Acquired {
    /// Which lock.
    pub fn lock(&self) -> &LockRef {
        &self.lock_ref
    }

    /// The record that stands in the annotation.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The UID of the object that carries the lock.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The object's resourceVersion with this record on it.
    pub fn resource_version(&self) -> &str {
        &self.resource_version
    }

    /// Gives the lock back: exactly this record on this very object, in one request.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the record is gone or has expired (then it is left as it is),
    /// [`Error::OwnerMismatch`] if another record stands there, even one of the same owner,
    /// [`Error::OutcomeUnknown`] if the deadline came first: calling again is safe.
    ///
    /// With a client that repeats requests by itself, a release whose first answer was lost
    /// may end as [`Error::NotFound`]: the lock is gone, and the client does not tell by whom.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the lock released or not; calling again settles it.
    pub async fn release(&self) -> Result<(), Error> {
        let span = call_span!("kubelock.release", self.lock, self.lock_ref.object.as_str());
        traced(span, self.lock.release_acquired(self)).await
    }
}

impl std::fmt::Debug for Acquired {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acquired")
            .field("lock", &self.lock_ref)
            .field("record", &self.record)
            .field("uid", &self.uid)
            .field("resource_version", &self.resource_version)
            .finish_non_exhaustive()
    }
}
