//! How a lock is taken: the record, its one write, and a second one where clocks differ.

use kubelock_core::acquire::{Acquire, Outcome};
use kubelock_core::answer::Sight;
use kubelock_core::call::Call;
use kubelock_core::change::{self, Change};
use kubelock_core::expiry::ExpiryRule;
use kubelock_core::record::Record;
use kubelock_core::stamp;
use kubelock_core::timestamp::Timestamp;
use kubelock_core::ttl::Ttl;

use crate::acquired::Acquired;
use crate::error::{Error, Held};
use crate::lock::Lock;
use crate::lock_ref::LockRef;
use crate::options::AcquireOptions;
use crate::session::Session;

/// All annotations of an object together, keys and values, in bytes (Kubernetes' limit).
const ANNOTATIONS_MAX: usize = 256 * 1024;

impl Lock {
    pub(crate) async fn try_acquire(
        &self,
        object: &str,
        options: AcquireOptions,
    ) -> Result<Acquired, Error> {
        let lock = self.lock_ref(object)?;
        let ttl = options.checked_ttl(&lock.gvr)?;
        let record = self.record(&options, ttl);
        let value = record.encode();
        check_size(&lock, &value)?;
        let mut session = Session::new(&self.locks, &lock, options.deadline);
        let mut call = self.acquire_call(&lock, &options, value);
        let outcome = session.drive(&mut call).await;
        self.remember_the_verb(&lock, call.is_whole(), &outcome);
        match outcome {
            Outcome::Acquired(sight) => {
                self.confirmed(&mut session, &lock, options, record, sight).await
            }
            Outcome::Held(record) => Err(self.held(lock, record, &options.owner)),
            Outcome::Malformed(source) => Err(Error::Malformed { lock: session.lock(), source }),
            Outcome::Failed(failure) => Err(session.failed(Some(&record), failure)),
        }
    }

    fn acquire_call(&self, lock: &LockRef, options: &AcquireOptions, value: String) -> Acquire {
        let memory = &self.locks.memory;
        // A Lease of our making keeps an annotation all its life.
        let has_annotations = memory.has_annotations(lock).or(options.create_lease.then_some(true));
        Acquire::new(lock.object.as_str().to_owned(), value, options.expiry, has_annotations)
            .creating(options.create_lease)
            .by_put(memory.puts(lock))
    }

    fn record(&self, options: &AcquireOptions, ttl: Ttl) -> Record {
        Record::new(options.owner.as_str(), self.stamp(options.expiry), ttl)
    }

    fn stamp(&self, expiry: ExpiryRule) -> Timestamp {
        let wall = self.locks.clock.wall();
        match expiry {
            ExpiryRule::LocalClock => self.locks.memory.unlike_others(wall),
            _ => self.locks.memory.stamp(wall, self.locks.clock.boot()),
        }
    }

    /// That PUT must do where PATCH is forbidden is remembered once a PUT has succeeded, and
    /// forgotten once anything fails.
    fn remember_the_verb(&self, lock: &LockRef, by_put: bool, outcome: &Outcome) {
        match outcome {
            Outcome::Acquired(_) => self.locks.memory.set_puts(lock, by_put),
            Outcome::Failed(_) => self.locks.memory.set_puts(lock, false),
            Outcome::Held(_) | Outcome::Malformed(_) => {}
        }
    }

    /// The record stands. If the answer shows that its stamp was off, others could rob it, or
    /// would wait for too long: then it is written once more, with a better one.
    async fn confirmed(
        &self,
        session: &mut Session<'_>,
        lock: &LockRef,
        options: AcquireOptions,
        record: Record,
        sight: Sight,
    ) -> Result<Acquired, Error> {
        let off = sight
            .date
            .is_some_and(|date| stamp::is_off(record.created_at, date, session.since_sent()));
        if !off || options.expiry == ExpiryRule::LocalClock {
            return Ok(self.acquired(lock, &options, record, sight));
        }
        let mut better = record.clone();
        better.created_at = self.stamp(options.expiry);
        let mut call = Change::replace(sight.uid, record.encode(), better.encode());
        if self.locks.memory.puts(lock) {
            call = call.by_put(None);
        }
        match session.drive(&mut call).await {
            change::Outcome::Changed(sight) => Ok(self.acquired(lock, &options, better, sight)),
            change::Outcome::Failed(failure) => Err(session.failed(Some(&better), failure)),
            change::Outcome::Gone(sight) => Err(self.taken_away(lock, &sight, &options.owner)),
            change::Outcome::Vanished => {
                Err(Error::NotFound { lock: session.lock(), expired: None })
            }
        }
    }

    fn acquired(
        &self,
        lock: &LockRef,
        options: &AcquireOptions,
        record: Record,
        sight: Sight,
    ) -> Acquired {
        Acquired {
            lock: self.clone(),
            lock_ref: lock.clone(),
            value: record.encode(),
            record,
            uid: sight.uid,
            resource_version: sight.resource_version,
            expiry: options.expiry,
            deadline: options.deadline,
        }
    }

    /// Between two writes of this call somebody put another record in the place of ours.
    fn taken_away(&self, lock: &LockRef, sight: &Sight, owner: &str) -> Error {
        match sight.value.as_deref().map(Record::decode) {
            Some(Ok(record)) => self.held(lock.clone(), record, owner),
            Some(Err(source)) => Error::Malformed { lock: Box::new(lock.clone()), source },
            None => Error::NotFound { lock: Box::new(lock.clone()), expired: None },
        }
    }

    fn held(&self, lock: LockRef, record: Record, owner: &str) -> Error {
        let is_own = record.owner == owner;
        let held = Box::new(Held { lock, record, seen_at: self.locks.clock.wall() });
        if is_own { Error::AlreadyExists(held) } else { Error::OwnerMismatch(held) }
    }
}

/// Refuses what could never be stored, before anything is sent.
fn check_size(lock: &LockRef, value: &str) -> Result<(), Error> {
    let size = lock.key.as_str().len() + value.len();
    if size <= ANNOTATIONS_MAX {
        return Ok(());
    }
    Err(Error::InvalidConfig(format!(
        "the record would take {size} bytes, all annotations of an object together may have {ANNOTATIONS_MAX}: choose a shorter owner"
    )))
}
