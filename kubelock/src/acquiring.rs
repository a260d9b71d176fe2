//! How a lock is taken: the record, its one write, and another one where clocks differ.

use std::pin::pin;
use std::time::Duration;

use kubelock_core::acquire::{Acquire, Outcome};
use kubelock_core::answer::Sight;
use kubelock_core::change::{self, Change};
use kubelock_core::doubt::Failure;
use kubelock_core::expiry::ExpiryRule;
use kubelock_core::hold::Written;
use kubelock_core::reading::Reading;
use kubelock_core::record::Record;
use kubelock_core::stamp;
use kubelock_core::timestamp::Timestamp;

use crate::acquired::Acquired;
use crate::cancel::{Cancel, TIDYING};
use crate::error::Error;
use crate::hold_options::Wait;
use crate::leftovers::Leftovers;
use crate::lock::Lock;
use crate::lock_ref::LockRef;
use crate::options::AcquireOptions;
use crate::session::Session;
use crate::stamps;
use crate::waiting::{Decided, Waiting};

/// All annotations of an object together, keys and values, in bytes (Kubernetes' limit).
const ANNOTATIONS_MAX: usize = 256 * 1024;
/// A second one helps where the attempts of the first were slow; no more than that.
const RESTAMPS_MAX: usize = 2;

/// How one try ended.
enum Tried {
    Acquired(Box<Acquired>),
    Held(Box<Record>, Box<Sight>),
    /// The caller has ended the call.
    Cancelled(Error),
}

/// What a call may leave behind that its caller ends.
struct Undoing {
    cancel: Cancel,
    /// Of nobody's interest unless somebody may end it.
    leftovers: Option<Leftovers>,
}

impl Lock {
    pub(crate) async fn try_acquire(
        &self,
        object: &str,
        options: AcquireOptions,
    ) -> Result<Acquired, Error> {
        let lock = self.lock_ref(object)?;
        let ttl = options.check(&lock.gvr)?;
        let template = Record::new(options.owner.as_str(), Timestamp::GO_ZERO, ttl);
        check_size(&lock, &template.encode())?;
        let mut undoing = self.undoing(&lock, &options);
        let mut waiting = None;
        let mut decided = None;
        loop {
            let tried = self.try_once(&lock, &options, &template, decided, &mut undoing).await;
            let (record, sight) = match tried? {
                Tried::Acquired(acquired) => return Ok(*acquired),
                Tried::Cancelled(error) => return Err(error),
                Tried::Held(record, sight) => (record, sight),
            };
            if options.wait == Wait::No || record.owner == options.owner {
                return Err(self.held(&lock, *record, &options.owner));
            }
            let plan = options.plan(ttl);
            let waiting = waiting.get_or_insert_with(|| Waiting::new(self, &lock, plan));
            decided = match undoing.cancel.unless(pin!(waiting.decide(*sight))).await {
                Some(decided) => decided?,
                None => return Err(Error::Cancelled { lock: Box::new(lock) }),
            };
        }
    }

    fn undoing(&self, lock: &LockRef, options: &AcquireOptions) -> Undoing {
        let cancel = Cancel::new(options.cancel.clone(), self.locks.runtime.clone());
        let leftovers = cancel
            .is_possible()
            .then(|| Leftovers::new(self.locks.clone(), lock.clone(), options.deadline));
        Undoing { cancel, leftovers }
    }

    /// One try. A server that does not answer ends it, whether the caller waits or not.
    async fn try_once(
        &self,
        lock: &LockRef,
        options: &AcquireOptions,
        template: &Record,
        decided: Option<Decided>,
        undoing: &mut Undoing,
    ) -> Result<Tried, Error> {
        if undoing.cancel.is_cancelled() {
            return Ok(Tried::Cancelled(Error::Cancelled { lock: Box::new(lock.clone()) }));
        }
        let record = self.stamped(template, options.expiry);
        undoing.note(&record, self.locks.reading());
        let mut session = Session::new(&self.locks, lock, options.deadline);
        let mut call = self.acquire_call(lock, options, record.encode());
        if let Some((form, version)) = decided {
            call = call.in_form(form, version);
        }
        let cancel = undoing.cancel.clone();
        let tried = cancel
            .answer(pin!(self.write(&mut session, &mut call, options, &record, undoing)))
            .await;
        match tried {
            Some(tried) if !(cancel.is_cancelled() && is_unknown(&tried)) => {
                undoing.answered();
                tried
            }
            _ => {
                let sole = (!call.has_unanswered()).then(|| record.encode());
                undoing.tidy(sole.as_deref()).await;
                Ok(Tried::Cancelled(undoing.told(&session, &record)))
            }
        }
    }

    async fn write(
        &self,
        session: &mut Session<'_>,
        call: &mut Acquire,
        options: &AcquireOptions,
        record: &Record,
        undoing: &mut Undoing,
    ) -> Result<Tried, Error> {
        match session.drive(call).await {
            Outcome::Acquired(sight) => {
                let acquired =
                    self.confirmed(session, options, record.clone(), sight, undoing).await;
                // Whatever became of the record, a copy of it may land yet.
                let told = acquired.map_err(|error| match error {
                    Error::OutcomeUnknown { .. } => error,
                    error if call.has_unanswered() => {
                        session.failed(Some(record), Failure::Unknown(error.to_string()))
                    }
                    error => error,
                });
                Ok(Tried::Acquired(Box::new(told?)))
            }
            Outcome::Held { record, sight } => Ok(Tried::Held(record, sight)),
            Outcome::Malformed(source) => Err(Error::Malformed { lock: session.lock(), source }),
            // Only holds are told of these.
            Outcome::Seen(_) | Outcome::Missing => {
                Err(session.failed(None, Failure::ObjectMissing))
            }
            Outcome::Failed(failure) => Err(session.failed(Some(record), failure)),
        }
    }

    pub(crate) fn acquire_call(
        &self,
        lock: &LockRef,
        options: &AcquireOptions,
        value: String,
    ) -> Acquire {
        let memory = &self.locks.memory;
        // A Lease of our making keeps an annotation all its life.
        let has_others = memory.has_others(lock).or(options.create_lease.then_some(true));
        Acquire::new(lock.object.as_str().to_owned(), value, options.expiry, has_others)
            .creating(options.create_lease)
            .by_put(memory.puts(lock))
    }

    /// The same record, with a stamp of now.
    pub(crate) fn stamped(&self, template: &Record, expiry: ExpiryRule) -> Record {
        template.stamped(self.stamp(expiry))
    }

    /// The Go package's rule stamps by the local clock, too.
    pub(crate) fn stamp(&self, expiry: ExpiryRule) -> Timestamp {
        let (clock, memory) = (&self.locks.clock, &self.locks.memory);
        let wall = clock.wall();
        let server = match expiry {
            ExpiryRule::LocalClock => None,
            _ => memory.server_at_most(clock.boot()),
        };
        stamps::unlike_others(stamp::stamp(wall, server), self.locks.runtime.count())
    }

    /// The record stands. If the answer shows that its stamp was off, others could rob it, or
    /// would wait for too long: then it is written again, with a better one.
    async fn confirmed(
        &self,
        session: &mut Session<'_>,
        options: &AcquireOptions,
        mut record: Record,
        mut sight: Sight,
        undoing: &mut Undoing,
    ) -> Result<Acquired, Error> {
        for _ in 0..RESTAMPS_MAX {
            if options.expiry == ExpiryRule::LocalClock || !is_off(&record, &sight, session) {
                break;
            }
            let mut better = record.clone();
            better.created_at = self.stamp(options.expiry);
            undoing.note(&better, self.locks.reading());
            sight = self.restamp(session, sight, options, &record, &better).await?;
            record = better;
        }
        let (expiry, deadline) = (options.expiry, options.deadline);
        Ok(self.acquired(*session.lock(), (expiry, deadline), record, sight))
    }

    async fn restamp(
        &self,
        session: &mut Session<'_>,
        sight: Sight,
        options: &AcquireOptions,
        record: &Record,
        better: &Record,
    ) -> Result<Sight, Error> {
        let lock = session.lock();
        let change = Change::replace(sight.uid, record.encode(), better.encode());
        let mut call = self.locks.by_known_verb(&lock, change);
        match session.drive(&mut call).await {
            change::Outcome::Changed(sight) | change::Outcome::Applied(sight) => Ok(sight),
            change::Outcome::Gone(sight) => Err(self.taken_away(&lock, &sight, options)),
            change::Outcome::Vanished(_) => Err(Error::NotFound { lock, expired: None }),
            change::Outcome::Failed(failure) => Err(session.left_behind(record, better, failure)),
        }
    }

    pub(crate) fn acquired(
        &self,
        lock_ref: LockRef,
        (expiry, deadline): (ExpiryRule, Duration),
        record: Record,
        sight: Sight,
    ) -> Acquired {
        let Sight { uid, resource_version, .. } = sight;
        Acquired { lock: self.clone(), lock_ref, record, uid, resource_version, expiry, deadline }
    }

    /// Between two writes of this call somebody put another record in the place of ours.
    fn taken_away(&self, lock: &LockRef, sight: &Sight, options: &AcquireOptions) -> Error {
        match sight.value.as_deref().map(Record::decode) {
            Some(Ok(record)) => self.held(lock, record, &options.owner),
            Some(Err(source)) => Error::Malformed { lock: Box::new(lock.clone()), source },
            None => Error::NotFound { lock: Box::new(lock.clone()), expired: None },
        }
    }

    pub(crate) fn held(&self, lock: &LockRef, record: Record, owner: &str) -> Error {
        let is_own = record.owner == owner;
        let held = self.seen_held(lock, record);
        if is_own { Error::AlreadyExists(held) } else { Error::OwnerMismatch(held) }
    }
}

impl Undoing {
    /// Notes a record that is about to be sent.
    fn note(&mut self, record: &Record, read_at: Reading) {
        if let Some(leftovers) = &mut self.leftovers {
            leftovers.note(Written { value: record.encode(), read_at });
        }
    }

    /// What was sent is the caller's now, or is not stored.
    fn answered(&mut self) {
        if let Some(leftovers) = &mut self.leftovers {
            leftovers.clear();
        }
    }

    /// Removes what stands. Of `sole` one copy alone was sent.
    async fn tidy(&mut self, sole: Option<&str>) {
        if let Some(leftovers) = &mut self.leftovers {
            Box::pin(leftovers.tidy(TIDYING, sole)).await;
        }
    }

    /// What to tell the caller of a call that it has ended.
    fn told(&self, session: &Session<'_>, record: &Record) -> Error {
        let error = Error::Cancelled { lock: session.lock() };
        if self.leftovers.as_ref().is_none_or(Leftovers::is_empty) {
            return error;
        }
        session.failed(Some(record), Failure::Unknown(error.to_string()))
    }
}

fn is_unknown(tried: &Result<Tried, Error>) -> bool {
    tried.as_ref().is_err_and(Error::is_outcome_unknown)
}

fn is_off(record: &Record, sight: &Sight, session: &Session<'_>) -> bool {
    sight.date.is_some_and(|date| stamp::is_off(record.created_at, date, session.since_sent()))
}

/// Refuses what could never be stored, before anything is sent.
pub(crate) fn check_size(lock: &LockRef, value: &str) -> Result<(), Error> {
    let size = lock.key.as_str().len() + value.len();
    if size <= ANNOTATIONS_MAX {
        return Ok(());
    }
    let (size, most) = (size.div_ceil(1024), ANNOTATIONS_MAX / 1024);
    Err(Error::InvalidConfig(format!(
        "the record would take {size} KiB, and all annotations of an object together may take {most} KiB: choose a shorter owner"
    )))
}
