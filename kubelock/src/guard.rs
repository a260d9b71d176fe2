//! A lock that is held: renewed by itself, lost out loud, given back.

use std::sync::Arc;
use std::time::Duration;

use kubelock_core::hold::{Loss, Verdict};
use kubelock_core::operations;
use kubelock_core::record::{HoldId, Record};
use kubelock_core::token::FencingToken;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::hold::{Extra, Hold};
use crate::keeper::Keeper;
use crate::lock_ref::LockRef;

/// A lock that this process holds.
///
/// It is renewed in the background until it is released, dropped or lost. Not for telling
/// whether an effect on something else is still allowed: a process may be paused between
/// [`Guard::is_valid`] and its next step. For that, hand out the [`Guard::token`], or write with
/// [`Guard::patch`].
///
/// # Guarantees
/// While [`Guard::is_valid`] says so, nobody else validly holds the lock, as long as nobody
/// outside of the protocol removes its record. A hold that was lost stays lost, even where
/// nobody has taken the lock. The hold ends before its release is sent.
/// # Assumptions
/// Clocks differ in rate by less than a tenth; see `docs/guarantees.md` in the repository.
/// # Cancel safety
/// Dropping the guard ends the hold and releases the lock in the background, on the runtime in
/// which the [`crate::KubeLock`] was made. Where that is shutting down, nothing is sent: the
/// record stands until its ttl is over. To be sure, call [`Guard::release`].
#[must_use = "the lock is released when the guard is dropped"]
pub struct Guard {
    hold: Arc<Hold>,
}

/// A future was not polled to its end, since the hold was lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the lock was lost: {0}")]
pub struct LostMeanwhile(pub Loss);

impl Guard {
    pub(crate) fn new(hold: Arc<Hold>) -> Self {
        Keeper::keep(&hold.lock.locks, &hold);
        Self { hold }
    }

    /// Which lock.
    pub fn lock(&self) -> &LockRef {
        &self.hold.lock_ref
    }

    /// The fencing token: larger than that of every holder before.
    pub fn token(&self) -> &FencingToken {
        &self.hold.token
    }

    /// What tells this hold from all others, of the same owner, too.
    pub fn hold_id(&self) -> &HoldId {
        &self.hold.id
    }

    pub(crate) fn hold(&self) -> &Arc<Hold> {
        &self.hold
    }

    /// The record that was confirmed last.
    pub fn record(&self) -> Record {
        let confirmed = Record::decode(&self.hold.confirmed());
        confirmed.unwrap_or_else(|_| self.hold.template().clone())
    }

    /// Whether the lock is still held. Looks at the clocks and at nothing else.
    pub fn is_valid(&self) -> bool {
        !self.valid_for().is_zero()
    }

    /// For how long the lock is held yet, if it is not renewed; zero once it is lost.
    ///
    /// Looks at the clocks and at nothing else. Grows with each renewal.
    pub fn valid_for(&self) -> Duration {
        self.hold.valid_for()
    }

    /// Completes when the lock is lost, and says why.
    ///
    /// # Cancel safety
    /// Nothing changes; calling again is safe.
    pub async fn lost(&self) -> Loss {
        let hold = &self.hold;
        loop {
            if let Some(loss) = hold.check() {
                return loss;
            }
            // The keeper looks at the deadline, too; who waits here need not rely on it.
            tokio::select! {
                biased;
                () = hold.over.cancelled() => {}
                () = hold.lock.locks.runtime.sleep(hold.valid_for()) => {}
            }
        }
    }

    /// Cancelled once the hold is over: lost, released or dropped. Cancelling it ends nothing.
    pub fn cancellation_token(&self) -> CancellationToken {
        self.hold.over.child_token()
    }

    /// Runs `work` for as long as the lock is held.
    ///
    /// # Errors
    /// [`LostMeanwhile`]: the lock was lost, and `work` was not polled any more; it is dropped.
    /// # Cancel safety
    /// That of `work`.
    pub async fn while_held<T>(&self, work: impl Future<Output = T>) -> Result<T, LostMeanwhile> {
        tokio::select! {
            biased;
            loss = self.lost() => Err(LostMeanwhile(loss)),
            result = work => Ok(result),
        }
    }

    /// Writes to the object that carries the lock, only if the lock is still held: a JSON Patch,
    /// on a subresource (`status`) if one is named. Returns the object's new resourceVersion.
    ///
    /// One request, which tests the record, renews it, and does what `operations` say: all or
    /// nothing. It waits for a renewal that is under way, and the next renewal for it.
    ///
    /// # Guarantees
    /// With a client that sends each request once
    /// ([`crate::KubeLock::with_client_that_sends_once`]): never applied after another record
    /// replaced this hold's, or it was removed; applied at most once.
    ///
    /// With a subresource it renews as well if the kind stores annotations with it, as the status
    /// of most built-in kinds does. Custom resources store nothing but the status: there the write
    /// is guarded in the same way, but it is not repeated after an attempt without an answer, and
    /// renews nothing. Not for `scale`, whose object carries no annotations at all.
    /// # Errors
    /// [`Error::Lost`] if the lock was lost before (`unknown` tells whether an attempt got no
    /// answer, or one that shows an altered record, so that it may have been applied before that),
    /// [`Error::Refused`] if the server
    /// does not take the operations, [`Error::InvalidConfig`] if they touch an annotation of a
    /// lock or an ancestor of it, [`Error::Forbidden`], [`Error::OutcomeUnknown`] if it cannot be
    /// told whether they were applied, and the others of [`crate::Lock::acquire`].
    /// # Cancel safety
    /// Dropping the future leaves the operations applied or not, once at most. The hold goes on.
    pub async fn patch(
        &self,
        operations: json_patch::Patch,
        subresource: Option<&str>,
    ) -> Result<String, Error> {
        let locks = &self.hold.lock.locks;
        let invalid = |error: &dyn std::fmt::Display| Error::InvalidConfig(error.to_string());
        let values = operations.0.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>();
        let operations = values.map_err(|error| invalid(&error))?;
        operations::checked(&operations, &locks.prefix).map_err(|error| invalid(&error))?;
        let subresource = subresource
            .map(|name| kubelock_core::name::PathSegment::checked("subresource", name))
            .transpose()?;
        // On the heap, so that the futures of callers stay small.
        let attempt = Box::pin(self.hold.write_guarded(Extra { operations, subresource })).await;
        match (attempt.verdict, attempt.resource_version) {
            (Verdict::Confirmed | Verdict::Kept, Some(resource_version)) => Ok(resource_version),
            (Verdict::Failed(_), _) if let Some(error) = attempt.error => Err(error),
            // An answer that came after the deadline may say that it was applied before.
            (_, resource_version) => {
                let loss = self.hold.check().unwrap_or(Loss::Removed);
                let unknown = attempt.may_be_applied || resource_version.is_some();
                Err(self.hold.lost(loss, unknown))
            }
        }
    }

    /// Gives the lock back: exactly this hold's record on this very object, in one request.
    ///
    /// The hold is over before the request is sent. A renewal that is under way is waited for.
    ///
    /// # Errors
    /// [`Error::Lost`] at once if the lock was lost before, or if somebody is found to have
    /// removed or replaced the record; [`Error::OutcomeUnknown`] if there was no answer,
    /// [`Error::Unavailable`], [`Error::Refused`], [`Error::Forbidden`], [`Error::ObjectMissing`]
    /// and [`Error::Altered`] as they say. Whatever it is, the hold is over, and the lock free
    /// after its ttl at the latest.
    /// # Cancel safety
    /// The release goes on in the background.
    pub async fn release(self) -> Result<(), Error> {
        self.hold.end()?;
        let (done, result) = oneshot::channel();
        spawn_removal(&self.hold, Some(done));
        result.await.unwrap_or_else(|_| {
            Err(Error::OutcomeUnknown {
                lock: Box::new(self.hold.lock_ref.clone()),
                settled_at: self.record().expires_at(),
                message: "the runtime is shutting down".into(),
            })
        })
    }
}

fn spawn_removal(hold: &Arc<Hold>, done: Option<oneshot::Sender<Result<(), Error>>>) {
    let locks = &hold.lock.locks;
    locks.keeper.forget(hold);
    let hold = hold.clone();
    locks.runtime.clone().spawn(Box::pin(async move {
        let result = hold.remove().await;
        if let Some(done) = done {
            // Nobody waits for it any more: then nobody is to be told.
            let _ = done.send(result);
        }
    }));
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.hold.is_over() && self.hold.end().is_ok() {
            spawn_removal(&self.hold, None);
        }
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard")
            .field("lock", &self.hold.lock_ref)
            .field("hold", &self.hold.id())
            .field("token", &self.hold.token)
            .finish_non_exhaustive()
    }
}
