//! One process's side of its requests: what the library's own session does, without waiting.

use std::rc::Rc;
use std::time::Duration;

use kubelock_core::answer::{ReadReply, WriteReply};
use kubelock_core::call::{Call, Step, Write};
use kubelock_core::expiry::ExpiryRule;
use kubelock_core::reading::Reading;
use kubelock_core::stamp;
use kubelock_core::takeover::Seen;
use kubelock_core::timestamp::Timestamp;

use super::clock::Moment;
use super::request::{Answer, Ask, Reply};
use super::stage::key;

/// Requests one after the other, and what their answers taught.
#[derive(Debug, Clone, Hash)]
pub struct Session {
    /// Whose.
    pub who: u8,
    /// Which attempt to get the lock it is.
    pub claim: u8,
    stamps: u16,
    /// A `Date`, and when the request was sent that brought it.
    server: Option<(Timestamp, Duration)>,
    /// Whether the object had other annotations when it was last seen.
    pub has_others: Option<bool>,
    /// What a PUT would be made from: the version and the annotation.
    whole: Option<(u32, Option<String>)>,
    /// Which request is the last one.
    pub ticket: u8,
    /// Whether its answer has not come.
    pub awaits: bool,
    left: u8,
    started: Reading,
    allowed: Duration,
    sent_at: Duration,
    since_sent: Duration,
    /// To be sent now.
    pub outbox: Option<Rc<Ask>>,
}

impl Session {
    /// Nothing was sent yet; `requests` may be.
    pub fn new(who: u8, requests: u8) -> Self {
        Self {
            who,
            claim: 0,
            stamps: 0,
            server: None,
            has_others: None,
            whole: None,
            ticket: 0,
            awaits: false,
            left: requests,
            started: Reading::default(),
            allowed: Duration::ZERO,
            sent_at: Duration::ZERO,
            since_sent: Duration::ZERO,
            outbox: None,
        }
    }

    /// Begins a call that may take so long.
    pub fn begin(&mut self, allowed: Duration, at: &Moment) {
        (self.started, self.allowed) = (at.reading, allowed);
    }

    /// Forgets what matters only while a call goes on.
    pub fn rest(&mut self, puts: bool) {
        if !self.awaits {
            (self.started, self.allowed) = (Reading::default(), Duration::ZERO);
            (self.sent_at, self.since_sent) = (Duration::ZERO, Duration::ZERO);
        }
        if !puts || !self.awaits {
            self.whole = None;
        }
    }

    /// How long ago the last request was sent when its answer came.
    pub fn since_sent(&self) -> Duration {
        self.since_sent
    }

    /// Whether anything can be sent at all.
    pub fn can_send(&self) -> bool {
        self.left > 0 && !self.awaits
    }

    /// Sends this, and waits for its answer.
    pub fn send(&mut self, ask: Ask, at: &Moment) {
        self.left = self.left.saturating_sub(1);
        self.ticket += 1;
        (self.awaits, self.sent_at) = (true, at.reading.boot);
        self.outbox = Some(Rc::new(ask));
    }

    /// The first step of a call.
    pub fn start<C: Call>(&mut self, call: &mut C, at: &Moment) -> Option<C::Outcome> {
        let step = call.start();
        self.pursue(call, step, at)
    }

    /// Learns from an answer what it says of the server's clock and of the object.
    pub fn learn(&mut self, answer: &Answer, at: &Moment) {
        self.awaits = false;
        let Some(date) = answer.date else { return };
        self.since_sent = at.reading.boot.saturating_sub(self.sent_at);
        self.server = Some((date, self.sent_at));
        let (Reply::Read(ReadReply::Seen(sight)) | Reply::Write(WriteReply::Applied(sight))) =
            &answer.reply
        else {
            return;
        };
        self.has_others = Some(sight.has_others);
        if matches!(answer.reply, Reply::Read(_)) {
            let version = sight.resource_version.parse().unwrap_or_default();
            self.whole = Some((version, sight.value.clone()));
        }
    }

    /// The next step of a call, once its answer was learned from.
    pub fn go_on<C: Call>(
        &mut self,
        call: &mut C,
        answer: &Answer,
        at: &Moment,
    ) -> Option<C::Outcome> {
        let step = match &answer.reply {
            Reply::Read(reply) => call.on_read(reply.clone(), at.wall),
            Reply::Write(reply) => call.on_write(reply.clone()),
        };
        self.pursue(call, step, at)
    }

    /// Sends what the step asks for, or says how the call ended. Pauses are left out: how long
    /// anything takes is for the world to decide.
    fn pursue<C: Call>(
        &mut self,
        call: &mut C,
        step: Step<C::Outcome>,
        at: &Moment,
    ) -> Option<C::Outcome> {
        let step = match step {
            Step::Done(outcome) => return Some(outcome),
            _ if self.is_over(at) => return Some(call.give_up()),
            step => step,
        };
        let ask = match step {
            Step::Read(_) => Ok(Ask::Get),
            _ => self.ask_of(call),
        };
        match ask {
            Ok(ask) => {
                self.send(ask, at);
                None
            }
            Err(unsent) => {
                self.left = self.left.saturating_sub(1);
                let step = call.on_write(unsent);
                self.pursue(call, step, at)
            }
        }
    }

    fn is_over(&self, at: &Moment) -> bool {
        let elapsed = at.reading.monotonic.saturating_sub(self.started.monotonic);
        self.left == 0 || elapsed >= self.allowed
    }

    fn ask_of<C: Call>(&self, call: &C) -> Result<Ask, WriteReply> {
        let unsent = || WriteReply::NotSent(String::new());
        let write = call.write(key()).map_err(|_| unsent())?;
        let Write::Put { expected, value } = &write else {
            // A body that the model does not understand must not pass for one that is never sent.
            return Ok(Ask::of(&write).unwrap_or_else(|| unreachable!("{write:?}")));
        };
        let (version, found) = self.whole.as_ref().ok_or_else(unsent)?;
        if found != expected {
            return Err(unsent());
        }
        Ok(Ask::Put { version: *version, value: value.as_deref().map(Rc::from) })
    }

    /// A stamp of now, one of a kind.
    pub fn stamp(&mut self, rule: ExpiryRule, at: &Moment) -> Timestamp {
        let server = self.server_at_most(at).filter(|_| rule != ExpiryRule::LocalClock);
        self.stamps += 1;
        let own = i128::from(self.who) * 1_000 + i128::from(self.stamps);
        stamp::stamp(at.wall, server).saturating_add_nanos(own)
    }

    /// The times at which something is seen now.
    pub fn seen(&self, at: &Moment) -> Seen {
        Seen { at: at.reading, local: at.wall, server: self.server_at_most(at) }
    }

    fn server_at_most(&self, at: &Moment) -> Option<Timestamp> {
        let (date, sent_at) = self.server?;
        Some(stamp::upper_bound(date, at.reading.boot.saturating_sub(sent_at)))
    }

    /// What its records call their owner: the process, and which of its attempts it is.
    pub fn owner(&self) -> String {
        format!("{}-{}", self.who, self.claim)
    }
}
