//! A process that takes the lock by one call, as the Go package's callers do, and gives back
//! exactly what it wrote.
//!
//! The library's shell around the core's decisions is that of its `acquiring` and `releasing`.
//! Such a caller is told of no deadline; that it minds the margin of a hold is this model's rule
//! for it, and the documentation's advice.

use kubelock_core::acquire::{Acquire, Outcome};
use kubelock_core::answer::Sight;
use kubelock_core::change::{self, Change};
use kubelock_core::doubt::Failure;
use kubelock_core::expiry::ExpiryRule;
use kubelock_core::reading::Reading;
use kubelock_core::record::Record;
use kubelock_core::stamp;
use kubelock_core::timestamp::Timestamp;

use super::clock::Moment;
use super::holder::Move;
use super::ledger::Told;
use super::request::Answer;
use super::session::Session;
use super::stage::{Actor, terms};

const RESTAMPS_MAX: u8 = 2;

/// One process.
#[derive(Debug, Clone, Hash)]
pub struct Caller {
    pub(super) session: Session,
    rule: ExpiryRule,
    claims: u8,
    releases: bool,
    phase: Phase,
}

#[derive(Debug, Clone, Hash)]
enum Phase {
    Idle,
    Acquiring(Box<Acquire>, Written),
    Restamping(Box<Change>, Written, u8),
    Holding { uid: String, written: Written },
    Releasing(Box<Change>),
}

/// A record, and what the clocks showed before it was stamped.
#[derive(Debug, Clone, Hash)]
struct Written {
    record: Record,
    read_at: Reading,
}

impl Caller {
    /// One that has done nothing yet.
    pub fn new(who: u8, actor: &Actor, rule: ExpiryRule) -> Self {
        Self {
            session: Session::new(who, actor.requests),
            rule,
            claims: actor.claims,
            releases: actor.releases,
            phase: Phase::Idle,
        }
    }

    /// Whether it would say that it holds the lock.
    pub fn believes(&self, at: &Moment) -> bool {
        match &self.phase {
            Phase::Holding { written, .. } => {
                at.reading.at_most_since(written.read_at) < terms().validity()
            }
            _ => false,
        }
    }

    /// What it can do now.
    pub fn moves(&self, at: &Moment) -> Vec<Move> {
        if !self.session.can_send() {
            return Vec::new();
        }
        match &self.phase {
            Phase::Idle if self.claims > 0 => vec![Move::Claim],
            Phase::Holding { .. } if self.releases && self.believes(at) => vec![Move::Release],
            _ => Vec::new(),
        }
    }

    /// Does it.
    pub fn act(&mut self, act: Move, at: &Moment) -> Vec<Told> {
        match (act, self.phase.clone()) {
            (Move::Claim, _) => {
                self.claims -= 1;
                self.session.claim += 1;
                let mut told = vec![Told::Claims];
                told.extend(self.acquire(at));
                told
            }
            (Move::Release, Phase::Holding { uid, written }) => {
                let mut call = Box::new(Change::remove(uid, written.record.encode()));
                self.session.begin(terms().call(), at);
                let outcome = self.session.start(call.as_mut(), at);
                self.released(call, outcome)
            }
            _ => Vec::new(),
        }
    }

    /// Takes an answer.
    pub fn answered(&mut self, answer: &Answer, at: &Moment) -> Vec<Told> {
        self.session.learn(answer, at);
        match self.phase.clone() {
            Phase::Acquiring(mut call, written) => {
                let outcome = self.session.go_on(call.as_mut(), answer, at);
                self.acquired(call, written, outcome, at)
            }
            Phase::Restamping(mut call, written, times) => {
                let outcome = self.session.go_on(call.as_mut(), answer, at);
                self.restamped(call, written, times, outcome, at)
            }
            Phase::Releasing(mut call) => {
                let outcome = self.session.go_on(call.as_mut(), answer, at);
                self.released(call, outcome)
            }
            Phase::Idle | Phase::Holding { .. } => Vec::new(),
        }
    }

    fn written(&mut self, at: &Moment) -> Written {
        let created_at = self.session.stamp(self.rule, at);
        let record = Record::new(self.session.owner(), Timestamp::GO_ZERO, terms().ttl());
        Written { record: record.stamped(created_at), read_at: at.reading }
    }

    fn acquire(&mut self, at: &Moment) -> Vec<Told> {
        let written = self.written(at);
        let value = written.record.encode();
        let call = Acquire::new("o".into(), value, self.rule, self.session.has_others);
        let mut call = Box::new(call);
        self.session.begin(terms().call(), at);
        let outcome = self.session.start(call.as_mut(), at);
        self.acquired(call, written, outcome, at)
    }

    fn acquired(
        &mut self,
        call: Box<Acquire>,
        written: Written,
        outcome: Option<Outcome>,
        at: &Moment,
    ) -> Vec<Told> {
        let Some(outcome) = outcome else {
            self.phase = Phase::Acquiring(call, written);
            return Vec::new();
        };
        self.phase = Phase::Idle;
        match outcome {
            Outcome::Acquired(sight) => self.confirmed(&sight, written, 0, at),
            Outcome::Failed(Failure::Unknown(_)) => vec![Told::Unknown],
            _ => vec![Told::Declined],
        }
    }

    /// If the answer shows that the stamp was off, the record is written again.
    fn confirmed(&mut self, sight: &Sight, written: Written, times: u8, at: &Moment) -> Vec<Told> {
        let since_sent = self.session.since_sent();
        let created_at = written.record.created_at;
        let is_off = sight.date.is_some_and(|date| stamp::is_off(created_at, date, since_sent));
        if !is_off || times >= RESTAMPS_MAX || self.rule == ExpiryRule::LocalClock {
            self.phase = Phase::Holding { uid: sight.uid.clone(), written };
            return vec![Told::Holds(None)];
        }
        let better = self.written(at);
        let (old, new) = (written.record.encode(), better.record.encode());
        let mut call = Box::new(Change::replace(sight.uid.clone(), old, new));
        let outcome = self.session.start(call.as_mut(), at);
        self.restamped(call, better, times + 1, outcome, at)
    }

    fn restamped(
        &mut self,
        call: Box<Change>,
        written: Written,
        times: u8,
        outcome: Option<change::Outcome>,
        at: &Moment,
    ) -> Vec<Told> {
        let Some(outcome) = outcome else {
            self.phase = Phase::Restamping(call, written, times);
            return Vec::new();
        };
        self.phase = Phase::Idle;
        match outcome {
            change::Outcome::Changed(sight) | change::Outcome::Applied(sight) => {
                self.confirmed(&sight, written, times, at)
            }
            change::Outcome::Gone(_) | change::Outcome::Vanished(_) => vec![Told::Declined],
            change::Outcome::Failed(_) => vec![Told::Unknown],
        }
    }

    fn released(&mut self, call: Box<Change>, outcome: Option<change::Outcome>) -> Vec<Told> {
        let Some(outcome) = outcome else {
            self.phase = Phase::Releasing(call);
            return Vec::new();
        };
        self.phase = Phase::Idle;
        match outcome {
            change::Outcome::Changed(_)
            | change::Outcome::Applied(_)
            | change::Outcome::Vanished(_) => vec![Told::Freed],
            change::Outcome::Gone(_) => vec![Told::Lost(kubelock_core::hold::Loss::Removed)],
            change::Outcome::Failed(_) => vec![Told::Unknown],
        }
    }

    /// In a few words, for people.
    pub fn describe(&self, at: &Moment) -> String {
        match &self.phase {
            Phase::Idle => "idle".into(),
            Phase::Acquiring(..) => "acquires".into(),
            Phase::Restamping(..) => "stamps again".into(),
            Phase::Holding { .. } if self.believes(at) => "holds".into(),
            Phase::Holding { .. } => "held".into(),
            Phase::Releasing(_) => "releases".into(),
        }
    }
}
