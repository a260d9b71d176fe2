//! What stands in a lock's annotation, whoever put it there: to be shown, and to be broken.

use kubelock_core::answer::Sight;
use kubelock_core::breaking::Shown;
use kubelock_core::expiry::Clocks;
use kubelock_core::record::{Malformed, Record};
use kubelock_core::timestamp::Timestamp;

use crate::breaking::{BreakOptions, Broken};
use crate::error::Error;
use crate::lock::Lock;
use crate::lock_ref::LockRef;
use crate::options::{ExpiryRule, GetOptions};
use crate::session::Session;
use crate::span::{call_span, traced};

/// What one read showed in a lock's annotation: a record, or something that is none.
///
/// [`Lock::standing`] reads it. It remembers the bytes that were read, so that exactly what a
/// person has looked at can be taken away.
#[derive(Clone)]
pub struct Standing {
    pub(crate) lock: Lock,
    pub(crate) lock_ref: LockRef,
    pub(crate) shown: Shown,
    pub(crate) sight: Sight,
    record: Result<Record, Malformed>,
    seen_at: Timestamp,
}

impl Standing {
    pub(crate) fn new(
        lock: &Lock,
        lock_ref: LockRef,
        sight: Sight,
        seen_at: Timestamp,
    ) -> Option<Self> {
        let value = sight.value.clone()?;
        Some(Self {
            lock: lock.clone(),
            lock_ref,
            record: Record::decode(&value),
            shown: Shown { uid: sight.uid.clone(), value },
            sight,
            seen_at,
        })
    }

    /// Which lock.
    pub fn lock(&self) -> &LockRef {
        &self.lock_ref
    }

    /// The record, or why what stands there is none.
    pub fn record(&self) -> Result<&Record, &Malformed> {
        self.record.as_ref()
    }

    /// The annotation's value, as it was read. Anybody may have written it.
    pub fn value(&self) -> &str {
        &self.shown.value
    }

    /// The UID of the object that carries the lock.
    pub fn uid(&self) -> &str {
        &self.shown.uid
    }

    /// The object's resourceVersion with this on it.
    pub fn resource_version(&self) -> &str {
        &self.sight.resource_version
    }

    /// When it was read, by this machine's wall clock.
    pub fn seen_at(&self) -> Timestamp {
        self.seen_at
    }

    /// Whether it had expired by then. What is no record never does.
    pub fn is_expired(&self, expiry: ExpiryRule) -> bool {
        self.record.as_ref().is_ok_and(|record| expiry.is_expired(record, self.clocks()))
    }

    /// Takes the lock away from whoever put this there, if it still stands: one request.
    ///
    /// For people who know that a holder is gone, or must be stopped. A holder that is at work
    /// learns of it by its next renewal, and at the latest when its hold would have ended anyway;
    /// until then another may hold the lock beside it. Who holds by [`Lock::acquire`], or by the
    /// Go package, does not learn of it before it releases.
    ///
    /// # Guarantees
    /// Nothing else is removed. A record with the id of a hold is followed through its renewals
    /// by that id; any other is known by its exact bytes, and both by the object's UID.
    /// # Errors
    /// [`Error::StillLive`] if it has not expired and [`BreakOptions::live`] is not set,
    /// [`Error::Malformed`] if it is no record and [`BreakOptions::malformed`] is not set or
    /// another value stands there now, [`Error::NotFound`] if nothing does,
    /// [`Error::OwnerMismatch`] if another record does: that is not broken;
    /// [`Error::OutcomeUnknown`] if the deadline came before it was known whether it was removed;
    /// the others as [`Lock::release`].
    ///
    /// With a client that repeats requests by itself, a removal whose first answer was lost may
    /// end as [`Error::NotFound`]: the record is gone, and the client does not tell by whom.
    /// # Cancel safety
    /// Dropping the future leaves the lock broken or not; calling again settles it.
    /// # Examples
    /// ```no_run
    /// use kubelock::{BreakOptions, GetOptions, Lock};
    ///
    /// # async fn example(lock: Lock) -> Result<(), kubelock::Error> {
    /// if let Some(standing) = lock.standing("app", GetOptions::default()).await? {
    ///     println!("{:?}", standing.record());
    ///     // … ask somebody …
    ///     standing.break_lock(BreakOptions::default()).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn break_lock(&self, options: BreakOptions) -> Result<Broken, Error> {
        let span = call_span!("kubelock.break", self.lock, self.lock_ref.object.as_str());
        traced(span, self.try_break(options)).await
    }

    /// The clocks when it was read.
    pub(crate) fn clocks(&self) -> Clocks {
        Clocks { local: self.seen_at, server: self.sight.date }
    }
}

impl Lock {
    /// Reads what stands in the lock's annotation on `object`, a record or not. One request,
    /// never served from a cache. `None` if the lock is free.
    ///
    /// To know who holds a lock, use [`Lock::get`]: this is for who wants to break it.
    ///
    /// # Errors
    /// As [`Lock::get`], but what is no record is no error.
    /// # Cancel safety
    /// Nothing is written.
    pub async fn standing(
        &self,
        object: &str,
        options: GetOptions,
    ) -> Result<Option<Standing>, Error> {
        traced(call_span!("kubelock.get", self, object), self.try_standing(object, options)).await
    }

    async fn try_standing(
        &self,
        object: &str,
        options: GetOptions,
    ) -> Result<Option<Standing>, Error> {
        options.check()?;
        let lock = self.lock_ref(object)?;
        let sight = Session::new(&self.locks, &lock, options.deadline).look(false).await?;
        let seen_at = self.locks.clock.wall();
        Ok(Standing::new(self, lock, sight, seen_at))
    }
}

impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Standing")
            .field("lock", &self.lock_ref)
            .field("record", &self.record)
            .field("uid", &self.shown.uid)
            .field("resource_version", &self.sight.resource_version)
            .field("seen_at", &self.seen_at)
            .finish_non_exhaustive()
    }
}
