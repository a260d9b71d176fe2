//! A hold at work: the state machine of the core, the writes it asks for, and who is told.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kubelock_core::answer::Sight;
use kubelock_core::change::{Change, Outcome};
use kubelock_core::doubt::Failure;
use kubelock_core::hold::{self as machine, Loss, Next, Verdict, Written};
use kubelock_core::mutant::Mutant;
use kubelock_core::name::PathSegment;
use kubelock_core::reading::Reading;
use kubelock_core::record::{HoldId, Record};
use kubelock_core::token::FencingToken;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::lock::Lock;
use crate::lock_ref::LockRef;
use crate::options::ExpiryRule;
use crate::session::Session;
use crate::telemetry;

/// One hold, shared by its guard, its renewals and the keeper.
pub(crate) struct Hold {
    pub(crate) lock: Lock,
    pub(crate) lock_ref: LockRef,
    pub(crate) id: HoldId,
    pub(crate) token: FencingToken,
    /// What each renewal writes, with a new stamp.
    template: Record,
    machine: Mutex<machine::Hold>,
    /// One write of a hold at a time.
    turn: tokio::sync::Mutex<()>,
    /// Cancelled when the hold is over.
    pub(crate) over: CancellationToken,
}

/// What a guarded write does beside the renewal.
#[derive(Clone)]
pub(crate) struct Extra {
    pub(crate) operations: Vec<serde_json::Value>,
    pub(crate) subresource: Option<PathSegment>,
}

/// How one write of a hold ended.
pub(crate) struct Attempt {
    pub(crate) verdict: Verdict,
    /// Whether some attempt of it got no answer, or one that shows other bytes than were sent.
    pub(crate) has_unanswered: bool,
    pub(crate) resource_version: Option<String>,
    pub(crate) error: Option<Error>,
}

impl Hold {
    pub(crate) fn new(
        lock: Lock,
        lock_ref: LockRef,
        id: HoldId,
        token: FencingToken,
        template: Record,
        machine: machine::Hold,
    ) -> Self {
        Self {
            lock,
            lock_ref,
            id,
            token,
            template,
            machine: Mutex::new(machine),
            turn: tokio::sync::Mutex::default(),
            over: CancellationToken::new(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.id.as_str()
    }

    /// What stood on the object when the hold began.
    pub(crate) fn born(&self) -> Sight {
        Sight {
            uid: self.token.uid().to_owned(),
            resource_version: self.token.resource_version().to_owned(),
            has_annotations: true,
            has_others: false,
            value: Some(self.confirmed()),
            is_terminating: false,
            date: None,
        }
    }

    /// How long each call of it may take.
    pub(crate) fn call(&self) -> Duration {
        self.machine().terms().call()
    }

    pub(crate) fn template(&self) -> &Record {
        &self.template
    }

    pub(crate) fn confirmed(&self) -> String {
        self.machine().confirmed().to_owned()
    }

    /// How long it is valid yet. Looks at the clocks, and loses the hold if its time is over.
    pub(crate) fn valid_for(&self) -> Duration {
        self.check();
        let now = self.lock.locks.reading();
        self.machine().valid_for(now)
    }

    /// Why it was lost, if it was; its deadline is looked at now.
    pub(crate) fn check(&self) -> Option<Loss> {
        let now = self.lock.locks.reading();
        self.change(|machine| machine.check(now).cloned())
    }

    /// What is due.
    pub(crate) fn next(&self) -> Next {
        let now = self.lock.locks.reading();
        self.change(|machine| machine.next(now))
    }

    pub(crate) fn lose(&self, loss: Loss) {
        self.change(|machine| machine.lose(loss));
    }

    /// Ends it for its holder, before anything is sent.
    pub(crate) fn end(&self) -> Result<(), Error> {
        let now = self.lock.locks.reading();
        if Mutant::ValidUntilReleased.is_on() {
            return self.check().map_or(Ok(()), |loss| Err(self.lost(loss, false)));
        }
        let ended = self.change(|machine| machine.release(now));
        self.over.cancel();
        ended.map_err(|loss| self.lost(loss, false))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.machine().is_over()
    }

    /// The error of a hold that was lost.
    pub(crate) fn lost(&self, loss: Loss, unknown: bool) -> Error {
        Error::Lost { lock: Box::new(self.lock_ref.clone()), loss: Box::new(loss), unknown }
    }

    /// Whether a sight, which may be old, shows a record of this hold: then it tells nothing new.
    pub(crate) fn wrote(&self, sight: &Sight) -> bool {
        let record = sight.value.as_deref().map(Record::decode);
        let same_hold =
            record.is_some_and(|record| record.is_ok_and(|it| it.hold == self.template.hold));
        same_hold && sight.uid == self.token.uid()
    }

    /// Changes the state, and tells of a loss that came with it.
    fn change<T>(&self, change: impl FnOnce(&mut machine::Hold) -> T) -> T {
        let (result, loss) = {
            let mut machine = self.machine();
            let was_over = machine.is_over();
            let result = change(&mut machine);
            (result, machine.loss().filter(|_| !was_over).cloned())
        };
        if let Some(loss) = loss {
            telemetry::lost(&self.lock_ref, self.id(), &loss);
            self.over.cancel();
        }
        result
    }

    fn machine(&self) -> MutexGuard<'_, machine::Hold> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews the record until it is confirmed, refused or not answered.
    pub(crate) async fn renew(&self) {
        let _turn = self.turn.lock().await;
        // A guarded write may have renewed it meanwhile.
        if self.next() != Next::Renew {
            return;
        }
        self.write(None).await;
    }

    /// The same whether it is due or not: somebody may have taken the record away.
    pub(crate) async fn verify(&self) {
        let _turn = self.turn.lock().await;
        self.write(None).await;
    }

    /// Writes the caller's operations with a renewed record.
    pub(crate) async fn write_guarded(&self, extra: Extra) -> Attempt {
        let _turn = self.turn.lock().await;
        self.write(Some(extra)).await
    }

    async fn write(&self, extra: Option<Extra>) -> Attempt {
        loop {
            let mut attempt = self.attempt(extra.clone()).await;
            if attempt.verdict != Verdict::Adopted {
                return attempt;
            }
            // An earlier renewal stands. That says nothing of a write that stores no record.
            if attempt.has_unanswered && !self.is_repeatable(extra.as_ref()) {
                let words = "an attempt got no answer, and this kind shows no trace of it";
                attempt.verdict = Verdict::Failed(Failure::Unknown(words.into()));
                attempt.error = Some(self.unknown(words));
                return attempt;
            }
        }
    }

    /// Whether sending a write again cannot apply it twice: it is known to store the record, too.
    fn is_repeatable(&self, extra: Option<&Extra>) -> bool {
        let memory = &self.lock.locks.memory;
        extra
            .and_then(|extra| extra.subresource.as_ref())
            .is_none_or(|subresource| memory.stores_annotations(subresource.as_str()))
    }

    fn unknown(&self, words: &str) -> Error {
        let session = Session::new(&self.lock.locks, &self.lock_ref, self.call());
        session
            .failed(Record::decode(&self.confirmed()).ok().as_ref(), Failure::Unknown(words.into()))
    }

    /// Replaces the record by one with a new stamp, and does what else is asked for.
    async fn attempt(&self, extra: Option<Extra>) -> Attempt {
        let locks = &self.lock.locks;
        let started = locks.reading();
        let value = self.lock.stamped(&self.template, ExpiryRule::BothClocks).encode();
        let written = Written { value: value.clone(), read_at: started };
        let (uid, old, left, terms) = {
            let machine = self.machine();
            let old = machine.confirmed().to_owned();
            (machine.uid().to_owned(), old, machine.valid_for(started), *machine.terms())
        };
        if !self.change(|machine| machine.begin(written, started)) {
            return Attempt::over();
        }
        let mut call = Change::replace(uid, old, value.clone());
        if let Some(Extra { operations, subresource }) = extra.clone() {
            call =
                call.with_operations(operations, subresource, self.is_repeatable(extra.as_ref()));
        } else {
            call = locks.by_known_verb(&self.lock_ref, call);
        }
        let mut session = Session::new(locks, &self.lock_ref, terms.call().min(left));
        let outcome = session.drive(&mut call).await;
        let resource_version = self.learn(&outcome, extra.as_ref());
        // What was stored otherwise was stored: the caller's operations may be in it.
        let is_open = call.has_unanswered() || matches!(outcome, Outcome::Failed(Failure::Altered));
        let (now, random) = (locks.reading(), locks.runtime.random());
        let verdict =
            self.change(|machine| machine.settle(&value, extra.is_none(), outcome, now, random));
        let error = self.told(&session, &verdict, started);
        Attempt { verdict, has_unanswered: is_open, resource_version, error }
    }

    /// The version that a write made, and whether writes to its subresource store the record.
    fn learn(&self, outcome: &Outcome, extra: Option<&Extra>) -> Option<String> {
        let (Outcome::Changed(sight) | Outcome::Applied(sight)) = outcome else { return None };
        let subresource = extra.and_then(|extra| extra.subresource.as_ref());
        if let (Outcome::Changed(_), Some(subresource)) = (outcome, subresource) {
            self.lock.locks.memory.set_stores_annotations(subresource.as_str());
        }
        Some(sight.resource_version.clone())
    }

    fn told(&self, session: &Session<'_>, verdict: &Verdict, started: Reading) -> Option<Error> {
        let took = self.lock.locks.reading().at_most_since(started);
        match verdict {
            Verdict::Confirmed => telemetry::renewed(&self.lock_ref, self.id(), took),
            Verdict::Failed(failure) => {
                let record = Record::decode(&self.confirmed()).ok();
                let error = session.failed(record.as_ref(), failure.clone());
                let left = self.machine().valid_for(self.lock.locks.reading());
                telemetry::renewal_failed(&self.lock_ref, self.id(), &error, left);
                return Some(error);
            }
            Verdict::Kept | Verdict::Adopted | Verdict::Ended => {}
        }
        None
    }

    /// Removes exactly the record of this hold, once no other write of it is under way.
    pub(crate) async fn remove(&self) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let result = self.try_remove().await;
        if Mutant::ValidUntilReleased.is_on() {
            self.change(|machine| machine.lose(Loss::Removed));
        }
        telemetry::released(&self.lock_ref, self.id(), &result);
        result
    }

    /// The own bytes that a sight shows, if they are others than these.
    fn other_own(&self, sight: &Sight, old: &str) -> Option<String> {
        self.machine().own(sight).filter(|own| *own != old).map(str::to_owned)
    }

    async fn try_remove(&self) -> Result<(), Error> {
        let locks = &self.lock.locks;
        let (uid, mut old, call) = {
            let machine = self.machine();
            (machine.uid().to_owned(), machine.confirmed().to_owned(), machine.terms().call())
        };
        let mut session = Session::new(locks, &self.lock_ref, call);
        loop {
            let change = Change::remove(uid.clone(), old.clone());
            let mut change = locks.by_known_verb(&self.lock_ref, change);
            match session.drive(&mut change).await {
                Outcome::Failed(failure) => {
                    let record = Record::decode(&old).ok();
                    return Err(session.failed(record.as_ref(), failure));
                }
                Outcome::Vanished(sight) | Outcome::Gone(sight)
                    if let Some(own) = self.other_own(&sight, &old) =>
                {
                    // A renewal whose answer was lost stands.
                    if session.is_over() {
                        return Err(
                            self.unknown("an earlier renewal stands, and is not removed yet")
                        );
                    }
                    old = own;
                }
                Outcome::Changed(_) | Outcome::Applied(_) | Outcome::Vanished(_) => return Ok(()),
                Outcome::Gone(sight) => {
                    let loss = self.machine().loss_of(&sight);
                    return Err(self.lost(loss, false));
                }
            }
        }
    }
}

impl Attempt {
    fn over() -> Self {
        Self { verdict: Verdict::Ended, has_unanswered: false, resource_version: None, error: None }
    }
}
