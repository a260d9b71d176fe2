//! How a lock is given back: what stands there is read, and exactly that is removed.

use kubelock_core::answer::Sight;
use kubelock_core::change::{Change, Outcome};
use kubelock_core::claimant::{self, Claimant, Decision};
use kubelock_core::doubt::Failure;
use kubelock_core::expiry::Clocks;
use kubelock_core::record::Record;

use crate::acquired::Acquired;
use crate::error::Error;
use crate::lock::Lock;
use crate::lock_ref::LockRef;
use crate::options::{ExpiryRule, ReleaseOptions};
use crate::session::Session;

impl Lock {
    pub(crate) async fn try_release(
        &self,
        object: &str,
        options: ReleaseOptions,
    ) -> Result<(), Error> {
        options.check()?;
        let lock = self.lock_ref(object)?;
        let mut session = Session::new(&self.locks, &lock, options.deadline);
        let whole = self.locks.memory.puts(&lock);
        let mut sight = session.look(whole).await?;
        let mut version_at_hand = whole.then(|| sight.resource_version.clone());
        loop {
            let (value, _) = self.own(&lock, options.claimant(), options.expiry, &sight)?;
            let call = Change::remove(sight.uid, value);
            let call = if whole { call.by_put(version_at_hand.take()) } else { call };
            match self.remove(&mut session, call).await? {
                None => return Ok(()),
                // It stood there when this call read it, and is gone now that this call has tried
                // to remove it: the refusal may have answered a copy that a proxy sent again.
                Some(now) if now.value.is_none() => return Ok(()),
                Some(_) if session.is_over() => {
                    return Err(session.failed(None, Failure::Contended));
                }
                Some(now) => sight = now,
            }
        }
    }

    /// The exact bytes that the claimant may remove or replace, and what they say.
    pub(crate) fn own(
        &self,
        lock: &LockRef,
        claimant: Claimant<'_>,
        expiry: ExpiryRule,
        sight: &Sight,
    ) -> Result<(String, Record), Error> {
        let clocks = Clocks { local: self.locks.clock.wall(), server: sight.date };
        match claimant::decide(sight.value.as_deref(), claimant, expiry, clocks) {
            Decision::Own(record) => Ok((sight.value.clone().unwrap_or_default(), record)),
            Decision::NotFound(expired) => Err(Error::NotFound {
                lock: Box::new(lock.clone()),
                expired: expired.map(Box::new),
            }),
            Decision::OwnerMismatch(record) => Err(self.of_another(lock, record)),
            Decision::Malformed(source) => {
                Err(Error::Malformed { lock: Box::new(lock.clone()), source })
            }
        }
    }

    /// Removes exactly this record. `Some` shows what stood there instead.
    pub(crate) async fn remove(
        &self,
        session: &mut Session<'_>,
        mut call: Change,
    ) -> Result<Option<Sight>, Error> {
        let record = Record::decode(call.old()).ok();
        let outcome = session.drive(&mut call).await;
        match outcome {
            Outcome::Changed(_) | Outcome::Applied(_) | Outcome::Vanished(_) => Ok(None),
            Outcome::Gone(sight) => Ok(Some(sight)),
            Outcome::Failed(failure) => Err(session.failed(record.as_ref(), failure)),
        }
    }

    pub(crate) async fn release_acquired(&self, acquired: &Acquired) -> Result<(), Error> {
        let lock = &acquired.lock_ref;
        let value = acquired.record.encode();
        let mut session = Session::new(&self.locks, lock, acquired.deadline);
        if self.may_have_expired(acquired) {
            let sight = session.look(false).await?;
            if sight.uid != acquired.uid || !sight.shows(&value) {
                return Err(self.replaced(acquired, &sight));
            }
            let clocks = Clocks { local: self.locks.clock.wall(), server: sight.date };
            if acquired.expiry.is_expired(&acquired.record, clocks) {
                return Err(Error::NotFound {
                    lock: Box::new(lock.clone()),
                    expired: Some(Box::new(acquired.record.clone())),
                });
            }
        }
        let call = Change::remove(acquired.uid.clone(), value);
        let call = self.locks.by_known_verb(lock, call);
        match self.remove(&mut session, call).await? {
            None => Ok(()),
            Some(sight) => Err(self.replaced(acquired, &sight)),
        }
    }

    /// Both rules ask the local clock: while it says no, nobody need ask the server.
    fn may_have_expired(&self, acquired: &Acquired) -> bool {
        acquired.record.is_expired(self.locks.clock.wall())
    }

    /// Our record is gone: is anybody else's there?
    fn replaced(&self, acquired: &Acquired, sight: &Sight) -> Error {
        let lock = &acquired.lock_ref;
        let clocks = Clocks { local: self.locks.clock.wall(), server: sight.date };
        match sight.value.as_deref().map(Record::decode) {
            None => Error::NotFound { lock: Box::new(lock.clone()), expired: None },
            Some(Err(source)) => Error::Malformed { lock: Box::new(lock.clone()), source },
            Some(Ok(record)) if acquired.expiry.is_expired(&record, clocks) => {
                Error::NotFound { lock: Box::new(lock.clone()), expired: Some(Box::new(record)) }
            }
            Some(Ok(record)) => self.of_another(lock, record),
        }
    }

    fn of_another(&self, lock: &LockRef, record: Record) -> Error {
        Error::OwnerMismatch(self.seen_held(lock, record))
    }
}
