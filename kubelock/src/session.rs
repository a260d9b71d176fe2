//! The requests of one call, one after the other, until it is done or its deadline has come.

use std::time::Duration;

use crate::api::{Api, NoAnswer};
use crate::error::Error;
use crate::kube_lock::KubeLock;
use crate::lock_ref::LockRef;
use crate::memory::ServerTime;
use crate::status::{Answer, trouble_reading, trouble_writing};
use http::Method;
use kubelock_core::answer::{ReadReply, Refusal, Sight, WriteReply};
use kubelock_core::call::{Call, Step, Write};
use kubelock_core::doubt::Failure;
use kubelock_core::mutant::Mutant;
use kubelock_core::pace::Pace;
use kubelock_core::patch;
use kubelock_core::read::Read;
use kubelock_core::record::Record;
use kubelock_core::stamp;
use kubelock_core::timestamp::Timestamp;

/// The first pause; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Longer than this is without end, and clocks cannot add what is much longer.
const DEADLINE_MAX: Duration = Duration::from_hours(365 * 24);
/// No attempt waits longer for its answer.
pub(crate) const ATTEMPT_MAX: Duration = Duration::from_secs(30);
/// No request is begun with less time than this.
const LEFT_MIN: Duration = Duration::from_millis(2);
/// So many attempts that hang fit into a deadline.
const HANGING_ATTEMPTS: u32 = 4;

/// After its expiry, others may wait so long before they take a lock by the server's clock.
const STALE_AFTER: Duration = Duration::from_mins(1);

/// One call on one lock.
pub(crate) struct Session<'a> {
    kube_lock: &'a KubeLock,
    lock: &'a LockRef,
    allowed: Duration,
    /// By the monotonic clock.
    deadline: Duration,
    attempt: Duration,
    whole: Option<Vec<u8>>,
    since_sent: Duration,
    verb: Method,
    /// What went wrong with the last request that anything was heard of.
    trouble: Option<String>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(kube_lock: &'a KubeLock, lock: &'a LockRef, deadline: Duration) -> Self {
        Self {
            kube_lock,
            lock,
            allowed: deadline,
            deadline: kube_lock.clock.monotonic() + deadline.min(DEADLINE_MAX),
            attempt: ATTEMPT_MAX.min(deadline / HANGING_ATTEMPTS),
            whole: None,
            since_sent: Duration::ZERO,
            verb: Method::PATCH,
            trouble: None,
        }
    }

    /// The lock of this call.
    pub(crate) fn lock(&self) -> Box<LockRef> {
        Box::new(self.lock.clone())
    }

    /// What to tell the caller of a failure; `record` is what was to be written or removed.
    pub(crate) fn failed(&self, record: Option<&Record>, failure: Failure) -> Error {
        let lock = self.lock();
        match failure {
            Failure::Unknown(message) => {
                Error::OutcomeUnknown { lock, settled_at: self.settled_at(record), message }
            }
            Failure::Refused(Refusal { code, reason, message, .. }) => {
                Error::Refused { lock, code, reason, message }
            }
            Failure::Forbidden(verbs, message) => Error::Forbidden { lock, verbs, message },
            Failure::ObjectMissing => Error::ObjectMissing { lock },
            Failure::Altered => Error::Altered { lock },
            Failure::Unavailable(message) => Error::Unavailable { lock, message },
            Failure::Contended => Error::Contended { lock, deadline: self.allowed },
        }
    }

    /// What to tell the caller when a record stands, and could not be written again as `better`.
    pub(crate) fn left_behind(&self, record: &Record, better: &Record, failure: Failure) -> Error {
        let why = self.failed(Some(better), failure);
        let settled_at = self.settled_at(Some(record)).max(self.settled_at(Some(better)));
        Error::OutcomeUnknown {
            lock: self.lock(),
            settled_at,
            message: format!("the record was written, but not with a stamp to rely on: {why}"),
        }
    }

    /// From when on it cannot matter any more what became of the writes: the last is dead, and
    /// the record has expired for all, for those too who judge by the server's clock.
    fn settled_at(&self, record: Option<&Record>) -> Timestamp {
        let KubeLock { clock, memory, request_lifetime, .. } = self.kube_lock;
        let now = clock.wall();
        let dead = now.saturating_add(*request_lifetime);
        let Some(expires_at) = record.map(Record::expires_at) else { return dead };
        let server_now = memory.server_at_least(clock.boot()).unwrap_or(now);
        let by_server = now.saturating_add(expires_at.saturating_since(server_now));
        if Mutant::SettlesTooSoon.is_on() {
            return now;
        }
        let expired = expires_at.max(by_server).saturating_add(STALE_AFTER + stamp::DATE_GRAIN);
        dead.max(expired)
    }

    /// Whether the deadline has come.
    pub(crate) fn is_over(&self) -> bool {
        self.left() < LEFT_MIN
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_sub(self.kube_lock.clock.monotonic())
    }

    /// How long ago the last request was sent when its answer had come.
    pub(crate) fn since_sent(&self) -> Duration {
        self.since_sent
    }

    /// The verb of the write sent last.
    pub(crate) fn verb(&self) -> &Method {
        &self.verb
    }

    /// Reads the object: all of it, for a PUT, or its metadata.
    pub(crate) async fn look(&mut self, whole: bool) -> Result<Sight, Error> {
        self.drive(&mut Read::new(whole)).await.map_err(|failure| self.failed(None, failure))
    }

    /// Takes the steps of `call` until it is done.
    pub(crate) async fn drive<C: Call>(&mut self, call: &mut C) -> C::Outcome {
        let mut pause = PAUSE_MIN;
        let mut step = call.start();
        loop {
            let (pace, is_write) = match step {
                Step::Done(outcome) => return outcome,
                Step::Write(pace) => (pace, true),
                Step::Read(pace) => (pace, false),
            };
            if !self.wait(pace, &mut pause).await {
                return call.give_up();
            }
            step = if is_write {
                call.on_write(self.write(call).await)
            } else {
                let reply = self.read(call.is_whole()).await;
                call.on_read(reply, self.kube_lock.clock.wall())
            };
        }
    }

    /// Waits as the pace says; false if the deadline comes first.
    async fn wait(&self, pace: Pace, pause: &mut Duration) -> bool {
        let left = self.left();
        let span = match pace {
            Pace::Now => Duration::ZERO,
            Pace::After(span) => span.max(PAUSE_MIN),
            // The last attempts before the deadline come closer together, not never.
            Pace::BackOff => std::mem::replace(pause, PAUSE_MAX.min(*pause * 2)).min(left / 2),
        };
        if span >= left || left < LEFT_MIN {
            return false;
        }
        if !span.is_zero() {
            self.kube_lock.runtime.sleep(span).await;
        }
        true
    }

    async fn write<C: Call>(&mut self, call: &C) -> WriteReply {
        let api = self.api();
        let until = self.attempt_until();
        let sent_at = self.kube_lock.clock.boot();
        let write = match call.write(&self.lock.key) {
            Ok(write) => write,
            Err(error) => return WriteReply::NotSent(error.to_string()),
        };
        self.verb = verb_of(&write);
        let is_whole_object = !matches!(write, Write::Patch { subresource: Some(_), .. });
        let answer = match write {
            Write::Patch { body, subresource } => {
                api.patch(body, subresource.as_ref(), until).await
            }
            Write::Create(body) => api.create(body, until).await,
            Write::Put { expected, value } => {
                match self.whole_with(expected.as_deref(), value.as_deref()) {
                    Ok(body) => api.put(body, until).await,
                    Err(error) => return WriteReply::NotSent(error),
                }
            }
        };
        match answer {
            Ok(answer) => {
                self.answered(&answer, sent_at);
                let reply = answer.into_write_reply(self.lock);
                if is_whole_object {
                    self.learn(&reply);
                }
                self.trouble = trouble_writing(&reply);
                reply
            }
            Err(no_answer) => self.not_written(no_answer),
        }
    }

    fn not_written(&mut self, no_answer: NoAnswer) -> WriteReply {
        let never_left = matches!(no_answer, NoAnswer::NotSent(_));
        let words = self.words(no_answer);
        // A client that repeats requests shows the last failure alone.
        if never_left && self.kube_lock.sends_once {
            return WriteReply::NotSent(words);
        }
        // What was too slow once gets more time.
        self.attempt *= 2;
        WriteReply::Unanswered(words)
    }

    /// Silence takes nothing from what was heard before it: the last attempt of a call is cut short
    /// by the call's own deadline, and tells nothing of the server.
    fn words(&mut self, no_answer: NoAnswer) -> String {
        match no_answer {
            NoAnswer::Silence(words) => self.trouble.clone().unwrap_or(words),
            NoAnswer::NotSent(words) | NoAnswer::Unanswered(words) => {
                self.trouble.insert(words).clone()
            }
        }
    }

    /// That PUT must do where PATCH is forbidden is remembered once a PUT has succeeded, and
    /// forgotten once one is forbidden or a PATCH has succeeded.
    fn learn(&self, reply: &WriteReply) {
        let (memory, verb) = (&self.kube_lock.memory, &self.verb);
        if let WriteReply::Applied(sight) = reply {
            self.saw(sight);
            if *verb != Method::POST {
                memory.set_puts(self.lock, *verb == Method::PUT);
            }
        }
        if let WriteReply::Refused(refusal) = reply
            && *verb == Method::PUT
            && refusal.is_plain_forbidden()
        {
            memory.set_puts(self.lock, false);
        }
    }

    async fn read(&mut self, whole: bool) -> ReadReply {
        let sent_at = self.kube_lock.clock.boot();
        match self.api().get(whole, self.attempt_until()).await {
            Ok(answer) => {
                self.answered(&answer, sent_at);
                self.whole = (whole && answer.code.is_success()).then(|| answer.body.clone());
                let reply = answer.into_read_reply(self.lock);
                if let ReadReply::Seen(sight) = &reply {
                    self.saw(sight);
                }
                self.trouble = trouble_reading(&reply);
                reply
            }
            Err(no_answer) => ReadReply::Unanswered(self.words(no_answer)),
        }
    }

    fn api(&self) -> Api<'a> {
        Api { kube_lock: self.kube_lock, lock: self.lock }
    }

    fn attempt_until(&self) -> Duration {
        self.deadline.min(self.kube_lock.clock.monotonic() + self.attempt)
    }

    fn answered(&mut self, answer: &Answer, sent_at: Duration) {
        self.since_sent = self.kube_lock.clock.boot().saturating_sub(sent_at);
        if let Some(date) = answer.date() {
            self.kube_lock.saw_server_time(ServerTime { date, sent_at });
        }
    }

    fn saw(&self, sight: &Sight) {
        self.kube_lock.memory.saw_others(self.lock, sight.has_others);
    }

    fn whole_with(&self, expected: Option<&str>, value: Option<&str>) -> Result<Vec<u8>, String> {
        let object = self.whole.as_deref().unwrap_or_default();
        patch::whole(object, &self.lock.key, expected, value).map_err(|error| error.to_string())
    }
}

fn verb_of(write: &Write) -> Method {
    match write {
        Write::Patch { .. } => Method::PATCH,
        Write::Put { .. } => Method::PUT,
        Write::Create(_) => Method::POST,
    }
}
