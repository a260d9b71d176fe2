//! How a hold comes about: claims, each one write with bytes of its own, and waits between them.

use std::pin::pin;
use std::sync::Arc;

use kubelock_core::acquire::{Acquire, Outcome};
use kubelock_core::answer::Sight;
use kubelock_core::doubt::Failure;
use kubelock_core::expiry::ExpiryRule;
use kubelock_core::hold::{self as machine, Written};
use kubelock_core::mutant::Mutant;
use kubelock_core::patch::Form;
use kubelock_core::record::{HoldId, Record};
use kubelock_core::stamp;
use kubelock_core::terms::Terms;
use kubelock_core::timestamp::Timestamp;
use kubelock_core::token::FencingToken;

use crate::acquiring::check_size;
use crate::cancel::Cancel;
use crate::error::Error;
use crate::guard::Guard;
use crate::hold::Hold;
use crate::hold_options::HoldOptions;
use crate::lock::Lock;
use crate::lock_ref::LockRef;
use crate::own_watch;
use crate::session::Session;
use crate::telemetry;
use crate::waiting::{Decided, Plan, Waiting};

/// A stamp that an answer shows to be off is mended so often.
const RESTAMPS_MAX: u32 = 2;

impl Lock {
    pub(crate) async fn try_hold(
        &self,
        object: &str,
        options: HoldOptions,
    ) -> Result<Guard, Error> {
        let lock_ref = self.lock_ref(object)?;
        let terms = options.checked(&lock_ref.gvr)?;
        let watches = options.watch;
        let hold = Claiming::new(self, lock_ref, terms, options)?.run().await?;
        let guard = Guard::new(hold);
        if watches {
            own_watch::start(&guard);
        }
        Ok(guard)
    }
}

/// One call that is to become a hold.
struct Claiming {
    lock: Lock,
    lock_ref: LockRef,
    terms: Terms,
    options: HoldOptions,
    id: HoldId,
    template: Record,
    waiting: Waiting,
    cancel: Cancel,
    restamps: u32,
    /// What the first answer showed that confirmed a record: for a mutant alone.
    first_version: Option<String>,
}

/// How one claim ended.
enum Claimed {
    Held(Box<Hold>),
    /// The record stands, but must be written again before it can be relied on.
    Unready(Sight, String),
    Seen(Sight),
    Missing,
    Failed(Failure, Record),
    /// The caller has ended the call. The bytes of which one copy alone was sent, if so.
    Cancelled(Option<String>),
}

impl Claiming {
    fn new(
        lock: &Lock,
        lock_ref: LockRef,
        terms: Terms,
        options: HoldOptions,
    ) -> Result<Self, Error> {
        let locks = &lock.locks;
        let id = hold_id(locks.runtime.random())?;
        let template = template(&id, &options, &terms);
        check_size(&lock_ref, &template.encode())?;
        let plan = Plan {
            wait: options.wait,
            takeover: options.takeover,
            create_lease: options.create_lease,
            call: terms.call(),
            ttl: terms.ttl(),
            on_wait: options.on_wait.clone(),
        };
        Ok(Self {
            lock: lock.clone(),
            terms,
            id,
            template,
            waiting: Waiting::new(lock, &lock_ref, plan),
            cancel: Cancel::new(options.cancel.clone(), locks.runtime.clone()),
            lock_ref,
            options,
            restamps: 0,
            first_version: None,
        })
    }

    async fn run(mut self) -> Result<Arc<Hold>, Error> {
        match self.claim_until_held().await {
            Ok(hold) => Ok(self.handed_out(hold)),
            Err(error) => Err(self.waiting.open_or(error).await),
        }
    }

    async fn claim_until_held(&mut self) -> Result<Hold, Error> {
        let mut decided = None;
        while !self.cancel.is_cancelled() {
            let is_create = matches!(decided, Some((Form::Create, _)));
            let claimed = match self.claim(decided.take()).await? {
                Claimed::Held(hold) => return Ok(*hold),
                Claimed::Cancelled(sole) => {
                    return Err(self.waiting.cancelled(sole.as_deref()).await);
                }
                claimed => claimed,
            };
            let cancel = self.cancel.clone();
            match cancel.unless(pin!(self.next(claimed, is_create))).await {
                Some(next) => decided = next?,
                None => break,
            }
        }
        Err(self.waiting.cancelled(None).await)
    }

    /// What to write after a claim that did not become a hold; waits until there is something.
    async fn next(&mut self, claimed: Claimed, is_create: bool) -> Result<Option<Decided>, Error> {
        match claimed {
            Claimed::Held(_) | Claimed::Cancelled(_) => Ok(None),
            Claimed::Unready(sight, value) => {
                self.waiting.go_on().await?;
                Ok(Some((Form::Replace(value), Some(sight.resource_version))))
            }
            Claimed::Seen(sight) => {
                self.waiting.was_answered();
                self.waiting.decide(sight).await
            }
            Claimed::Missing if is_create => self.waiting.look_again(Failure::ObjectMissing).await,
            Claimed::Missing => self.waiting.create().map(Some),
            Claimed::Failed(failure, record) => self.waiting.failed(failure, &record).await,
        }
    }

    /// One write of a new record.
    async fn claim(&mut self, decided: Option<Decided>) -> Result<Claimed, Error> {
        let locks = self.lock.locks.clone();
        let read_at = locks.reading();
        let record = self.lock.stamped(&self.template, ExpiryRule::BothClocks);
        let value = record.encode();
        let written = Written { value: value.clone(), read_at };
        if !Mutant::ForgetsWhatItSent.is_on() {
            self.waiting.leftovers.note(written.clone());
        }
        let lock_ref = self.lock_ref.clone();
        let mut session = Session::new(&locks, &lock_ref, self.terms.call());
        let mut call = self.call(value.clone(), decided);
        let Some(outcome) = self.cancel.answer(pin!(session.drive(&mut call))).await else {
            return Ok(Claimed::Cancelled((!call.has_unanswered()).then_some(value)));
        };
        if !call.has_unanswered() && !is_open(&outcome) {
            self.waiting.leftovers.forget(&value);
        }
        if let Outcome::Seen(sight) = &outcome {
            self.waiting.leftovers.read(Some(sight), read_at);
        }
        if let Outcome::Acquired(sight) = &outcome {
            self.first_version.get_or_insert_with(|| sight.resource_version.clone());
        }
        Ok(match outcome {
            Outcome::Acquired(sight) if self.is_ready(&call, &record, &sight, &session) => {
                self.held(written, &record, sight)?
            }
            Outcome::Acquired(sight) => Claimed::Unready(sight, value),
            Outcome::Seen(sight) => Claimed::Seen(sight),
            Outcome::Held { sight, .. } => Claimed::Seen(*sight),
            Outcome::Missing => Claimed::Missing,
            Outcome::Malformed(source) => {
                return Err(Error::Malformed { lock: session.lock(), source });
            }
            Outcome::Failed(failure) => Claimed::Failed(failure, record),
        })
    }

    fn call(&self, value: String, decided: Option<Decided>) -> Acquire {
        let memory = &self.lock.locks.memory;
        let create = self.options.create_lease;
        // A Lease of our making keeps an annotation all its life.
        let has_others = memory.has_others(&self.lock_ref).or(create.then_some(true));
        let object = self.lock_ref.object.as_str().to_owned();
        let call = Acquire::new(object, value, ExpiryRule::default(), has_others)
            .for_hold()
            .creating(create)
            .by_put(memory.puts(&self.lock_ref));
        match decided {
            Some((form, version)) => call.in_form(form, version),
            None => call,
        }
    }

    /// Whether a confirmed record can be relied on: it was written at its only attempt, with a
    /// stamp that is not off.
    fn is_ready(
        &mut self,
        call: &Acquire,
        record: &Record,
        sight: &Sight,
        session: &Session<'_>,
    ) -> bool {
        if !call.is_first_try() && !Mutant::HandsOutInDoubt.is_on() {
            return false;
        }
        let is_off = sight.date.is_some_and(|date| {
            stamp::is_off(record.created_at, date, session.since_sent())
                || stamp::is_beyond_margin(record.created_at, date, self.terms.margin())
        });
        if is_off {
            self.restamps += 1;
        }
        !is_off || self.restamps > RESTAMPS_MAX
    }

    fn held(&self, mut written: Written, record: &Record, sight: Sight) -> Result<Claimed, Error> {
        if Mutant::CountsFromTheAnswer.is_on() {
            written.read_at = self.lock.locks.reading();
        }
        let version = match &self.first_version {
            Some(first) if Mutant::FirstToken.is_on() => first,
            _ => &sight.resource_version,
        };
        let token = FencingToken::new(version, &sight.uid)
            .map_err(|_| Error::Unordered { lock: Box::new(self.lock_ref.clone()) })?;
        let template = record.clone();
        let random = self.lock.locks.runtime.random();
        let value = written.value.clone();
        let machine = machine::Hold::new(self.terms, sight.uid.clone(), written, random);
        if machine.valid_for(self.lock.locks.reading()).is_zero() {
            return Ok(Claimed::Unready(sight, value));
        }
        let hold = Hold::new(
            self.lock.clone(),
            self.lock_ref.clone(),
            self.id.clone(),
            token,
            template,
            machine,
        );
        Ok(Claimed::Held(Box::new(hold)))
    }

    /// What was sent before is superseded now: nobody's, should it land.
    fn handed_out(mut self, hold: Hold) -> Arc<Hold> {
        self.waiting.leftovers.clear();
        let took = self.waiting.elapsed();
        telemetry::acquired(&self.lock_ref, hold.id(), hold.token.resource_version(), took);
        if self.waiting.has_waited() {
            telemetry::waited(took);
        }
        Arc::new(hold)
    }
}

/// What all records of one hold have in common.
fn template(id: &HoldId, options: &HoldOptions, terms: &Terms) -> Record {
    let mut record = Record::new(options.owner.as_str(), Timestamp::GO_ZERO, terms.ttl());
    record.hold = Some(id.clone());
    record.host = Some(host()).filter(|host| !host.is_empty());
    record.pid = Some(std::process::id());
    record.reason.clone_from(&options.reason);
    record
}

fn hold_id(random: u64) -> Result<HoldId, Error> {
    HoldId::new(format!("{random:016x}")).map_err(|error| Error::InvalidConfig(error.to_string()))
}

/// The name that the machine or container goes by.
#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    std::env::var("HOSTNAME").unwrap_or_default()
}

/// Whether a write of this outcome may stand, or come to stand.
fn is_open(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Acquired(_) | Outcome::Failed(Failure::Unknown(_)))
}
