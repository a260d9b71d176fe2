//! How a caller waits for its turn: for a holder to be gone, for a server to be back.

use std::time::Duration;

use kubelock_core::answer::Sight;
use kubelock_core::doubt::Failure;
use kubelock_core::expiry::ExpiryRule;
use kubelock_core::mutant::Mutant;
use kubelock_core::patch::Form;
use kubelock_core::reading::Reading;
use kubelock_core::record::{HoldId, Record};
use kubelock_core::takeover::{Observer, Seen, Takeover, Verdict};
use kubelock_core::terms::{part, spread};
use kubelock_core::ttl::Ttl;

use crate::cancel::TIDYING;
use crate::error::{Error, Held};
use crate::hold_options::Wait;
use crate::leftovers::Leftovers;
use crate::lock::Lock;
use crate::lock_ref::LockRef;
use crate::on_wait::{Obstacle, OnWait};
use crate::session::Session;
use crate::telemetry;
use crate::waiter::{Waiter, Wake};

/// The pause between tries that fail, and its longest.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long who lost a race waits before the next one at most, doubled with each race lost.
const STEP: Duration = Duration::from_millis(5);
const STEPS_MAX: u32 = 5;

/// A form to write in, and the version that it was decided on.
pub(crate) type Decided = (Form, Option<String>);

/// One call's patience, and what it has seen while it waits.
pub(crate) struct Waiting {
    lock: Lock,
    lock_ref: LockRef,
    plan: Plan,
    observer: Observer,
    waiter: Waiter,
    pub(crate) leftovers: Leftovers,
    started: Duration,
    /// Races lost to others since the call began: how many wait is not known otherwise.
    races_lost: u32,
    failures: u32,
    told_of: Option<Record>,
    /// Whether there was trouble since.
    had_trouble: bool,
    /// When the object was last asked for: for a mutant alone.
    asked_at: Option<Reading>,
}

/// What to do about what was seen.
enum Stance {
    Take(Form),
    Wait(Option<Duration>, Then),
}

/// What to do once the time of a wait has come.
enum Then {
    Take(Form),
    Judge,
    Read,
}

/// What the caller asked for.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) wait: Wait,
    pub(crate) takeover: Takeover,
    pub(crate) create_lease: bool,
    /// How long one call may take.
    pub(crate) call: Duration,
    pub(crate) ttl: Ttl,
    pub(crate) on_wait: Option<OnWait>,
}

impl Waiting {
    pub(crate) fn new(lock: &Lock, lock_ref: &LockRef, plan: Plan) -> Self {
        let locks = &lock.locks;
        Self {
            lock: lock.clone(),
            observer: Observer::new(plan.takeover),
            waiter: Waiter::new(plan.on_wait.clone()),
            leftovers: Leftovers::new(locks.clone(), lock_ref.clone(), plan.call),
            lock_ref: lock_ref.clone(),
            plan,
            started: locks.clock.monotonic(),
            races_lost: 0,
            failures: 0,
            told_of: None,
            had_trouble: false,
            asked_at: None,
        }
    }

    /// Whether it has waited for anybody.
    pub(crate) fn has_waited(&self) -> bool {
        self.told_of.is_some()
    }

    /// How to make a Lease that does not exist.
    pub(crate) fn create(&self) -> Result<Decided, Error> {
        if self.plan.create_lease {
            return Ok((Form::Create, None));
        }
        Err(Error::ObjectMissing { lock: self.lock() })
    }

    /// What to write over what a read has shown; waits until there is something.
    pub(crate) async fn decide(&mut self, mut sight: Sight) -> Result<Option<Decided>, Error> {
        if self.told_of.is_some() {
            self.races_lost += 1;
        }
        self.waiter.saw(&sight);
        loop {
            let (span, then) = match self.stance(&sight)? {
                Stance::Take(form) => return Ok(Some((form, Some(sight.resource_version)))),
                Stance::Wait(span, then) => (span, then),
            };
            let wake = self.wait(&sight, span).await;
            sight = match (wake, then) {
                (Wake::Event(sight), _) => sight,
                (Wake::Deleted, _) => return self.create().map(Some),
                (Wake::Time, Then::Take(form)) => {
                    return Ok(Some((form, Some(sight.resource_version))));
                }
                (Wake::Time, Then::Judge) => sight,
                (Wake::Time | Wake::Read, _) => match self.look().await? {
                    Some(sight) => sight,
                    None => return self.create().map(Some),
                },
            };
        }
    }

    /// What there is to do about what was seen.
    fn stance(&mut self, sight: &Sight) -> Result<Stance, Error> {
        if !sight.is_terminating
            && let Some(own) = self.leftovers.seen(sight)
        {
            return Ok(Stance::Take(Form::Replace(own.to_owned())));
        }
        match self.observer.judge(sight, self.seen()) {
            Verdict::Take(form) => Ok(self.in_turn(form)),
            Verdict::Malformed(source) => Err(Error::Malformed { lock: self.lock(), source }),
            Verdict::Terminating if self.plan.create_lease => {
                let patience = self.patience(|lock| Error::ObjectTerminating { lock })?;
                Ok(Stance::Wait(patience, Then::Read))
            }
            Verdict::Terminating => Err(Error::ObjectTerminating { lock: self.lock() }),
            Verdict::Held { record, take_after, read_after } => {
                let free_after = [take_after, read_after].into_iter().flatten().min();
                self.tell(&record, free_after);
                let patience = self.held_by(&record)?;
                let next = [free_after, patience].into_iter().flatten().min();
                let reads = next == read_after && next != take_after;
                Ok(Stance::Wait(next, if reads { Then::Read } else { Then::Judge }))
            }
        }
    }

    /// Where others want it, too, who is a little later sees that it was too late.
    fn in_turn(&self, form: Form) -> Stance {
        if self.races_lost == 0 {
            return Stance::Take(form);
        }
        let steps = STEP * (1 << self.races_lost.min(STEPS_MAX));
        Stance::Wait(Some(part(steps, self.lock.locks.runtime.random())), Then::Take(form))
    }

    async fn wait(&mut self, sight: &Sight, span: Option<Duration>) -> Wake {
        let locks = self.lock.locks.clone();
        self.waiter.wait(&locks, &self.lock_ref, sight, span).await
    }

    /// Reads the object, again and again while there is patience. `None`: it does not exist.
    async fn look(&mut self) -> Result<Option<Sight>, Error> {
        let mut failures = 0;
        loop {
            match self.read_once().await {
                Ok(Some(sight)) => {
                    self.waiter.saw_by_read(&self.lock.locks, &sight);
                    return Ok(Some(sight));
                }
                Ok(None) => return Ok(None),
                Err(error) if is_transient(&error) => {
                    self.pause_or(error, failures).await?;
                    failures += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads the object, which tells of what was sent, too. `None`: it does not exist.
    async fn read_once(&mut self) -> Result<Option<Sight>, Error> {
        let locks = self.lock.locks.clone();
        let mut session = Session::new(&locks, &self.lock_ref, self.plan.call);
        let asked_at = locks.reading();
        self.asked_at = Some(asked_at);
        let sight = match session.look(locks.memory.puts(&self.lock_ref)).await {
            Ok(sight) => Some(sight),
            Err(Error::ObjectMissing { .. }) => None,
            Err(error) => return Err(error),
        };
        self.leftovers.read(sight.as_ref(), asked_at);
        Ok(sight)
    }

    /// A claim that failed: what passes by itself is waited for.
    pub(crate) async fn failed(
        &mut self,
        failure: Failure,
        record: &Record,
    ) -> Result<Option<Decided>, Error> {
        let error = self.error(Some(record), failure);
        if !is_transient(&error) {
            return Err(error);
        }
        self.again(error).await
    }

    pub(crate) async fn look_again(&mut self, failure: Failure) -> Result<Option<Decided>, Error> {
        let error = self.error(None, failure);
        self.again(error).await
    }

    /// Looks anew after a pause, or ends with this error if there is no time for that.
    async fn again(&mut self, error: Error) -> Result<Option<Decided>, Error> {
        self.failures += 1;
        self.pause_or(error, self.failures).await?;
        match self.look().await? {
            Some(sight) => self.decide(sight).await,
            None => self.create().map(Some),
        }
    }

    /// The server answered what can be waited for: the next failure is the first.
    pub(crate) fn was_answered(&mut self) {
        self.failures = 0;
    }

    /// Pauses after a claim that has to be made again, at first not at all.
    pub(crate) async fn go_on(&mut self) -> Result<(), Error> {
        let deadline = self.plan.call;
        let patience = self.patience(|lock| Error::Contended { lock, deadline })?;
        self.failures += 1;
        if self.failures > 1 {
            self.pause(self.failures, patience).await;
        }
        Ok(())
    }

    /// Pauses before the next try, or ends with this error if there is no time for one.
    async fn pause_or(&mut self, error: Error, failures: u32) -> Result<(), Error> {
        if let Some(on_wait) = &self.plan.on_wait {
            on_wait.tell(Obstacle::Trouble(&error));
        }
        self.had_trouble = true;
        let patience = self.patience(|_| error)?;
        self.pause(failures, patience).await;
        Ok(())
    }

    async fn pause(&mut self, failures: u32, patience: Option<Duration>) {
        let pause = PAUSE_MAX.min(PAUSE_MIN.saturating_mul(1 << failures.min(10)));
        let pause = spread(pause, self.lock.locks.runtime.random());
        let pause = patience.map_or(pause, |left| pause.min(left));
        self.lock.locks.runtime.sleep(pause).await;
    }

    /// How long the caller will wait yet; the error if that is over.
    fn patience(
        &self,
        error: impl FnOnce(Box<LockRef>) -> Error,
    ) -> Result<Option<Duration>, Error> {
        let most = match self.plan.wait {
            Wait::Forever => return Ok(None),
            // What is not known yet is worth the time of a call.
            Wait::No => self.plan.call,
            Wait::For(span) => span.max(self.plan.call),
        };
        match most.checked_sub(self.elapsed()).filter(|left| !left.is_zero()) {
            Some(left) => Ok(Some(left)),
            None => Err(error(self.lock())),
        }
    }

    /// How long to wait for this holder yet; the error if that is over.
    fn held_by(&mut self, record: &Record) -> Result<Option<Duration>, Error> {
        let held = || Error::OwnerMismatch(self.lock.seen_held(&self.lock_ref, record.clone()));
        let left = match self.plan.wait {
            Wait::Forever => return Ok(None),
            Wait::No => Duration::ZERO,
            Wait::For(span) => span.saturating_sub(self.elapsed()),
        };
        let error = held();
        if left.is_zero() && self.leftovers.is_empty() {
            return Err(error);
        }
        if left.is_zero() {
            // An attempt of ours may land yet.
            return self.patience(|_| error);
        }
        Ok(Some(left))
    }

    /// With bytes that may land yet, or stand, no other answer than that is true.
    pub(crate) async fn open_or(&mut self, error: Error) -> Error {
        if self.leftovers.is_empty() || error.is_outcome_unknown() {
            return error;
        }
        if !self.leftovers.can_land() {
            // Whatever hinders this look, nothing is forgotten without it.
            let _ = Box::pin(self.read_once()).await;
        }
        self.unless_open(error)
    }

    /// The caller has ended the call: what of it stands is removed. Of `sole`, the bytes sent
    /// last, one copy alone was sent.
    pub(crate) async fn cancelled(&mut self, sole: Option<&str>) -> Error {
        Box::pin(self.leftovers.tidy(TIDYING, sole)).await;
        self.unless_open(Error::Cancelled { lock: self.lock() })
    }

    fn unless_open(&self, error: Error) -> Error {
        if self.leftovers.is_empty() {
            return error;
        }
        let record = Record::new("", self.lock.stamp(ExpiryRule::default()), self.plan.ttl);
        self.error(Some(&record), Failure::Unknown(error.to_string()))
    }

    fn error(&self, record: Option<&Record>, failure: Failure) -> Error {
        Session::new(&self.lock.locks, &self.lock_ref, self.plan.call).failed(record, failure)
    }

    /// Tells of a holder that was not told of, or of what is new about it.
    fn tell(&mut self, record: &Record, free_after: Option<Duration>) {
        let had_trouble = std::mem::take(&mut self.had_trouble);
        let is_known = self.told_of.as_ref() == Some(record);
        if is_known && !had_trouble || self.plan.wait == Wait::No {
            return;
        }
        let is_still = self.told_of.as_ref().is_some_and(|told| holder(told) == holder(record));
        if !is_still {
            telemetry::waiting(&self.lock_ref, record);
        }
        if let Some(on_wait) = &self.plan.on_wait {
            let held = self.lock.seen_held(&self.lock_ref, record.clone());
            let held = Held { free_after, ..*held };
            on_wait.tell(if is_still { Obstacle::Still(&held) } else { Obstacle::Holder(&held) });
        }
        self.told_of = Some(record.clone());
    }

    fn seen(&self) -> Seen {
        let locks = &self.lock.locks;
        let mut at = locks.reading();
        if Mutant::ObservesFromTheRequest.is_on() {
            at = self.asked_at.unwrap_or(at);
        }
        Seen { at, local: locks.clock.wall(), server: locks.memory.server_at_most(at.boot) }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.lock.locks.clock.monotonic().saturating_sub(self.started)
    }

    fn lock(&self) -> Box<LockRef> {
        Box::new(self.lock_ref.clone())
    }
}

/// Who it is: a hold by its id, else an owner.
fn holder(record: &Record) -> &str {
    record.hold.as_ref().map_or(record.owner.as_str(), HoldId::as_str)
}

/// Whether it may pass by itself.
fn is_transient(error: &Error) -> bool {
    match error {
        Error::Unavailable { .. } | Error::Contended { .. } | Error::OutcomeUnknown { .. } => true,
        Error::Refused { code, .. } => *code == 429 || *code >= 500,
        _ => false,
    }
}
