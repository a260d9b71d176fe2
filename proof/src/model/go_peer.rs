//! A process that runs the Go package: reads, decides by its wall clock, puts the whole object.
//!
//! By the seed's rules: an expired record is taken, whoever's it is; its own is given back by its
//! label. What it believes lasts for the ttl after it read its clock.

use std::rc::Rc;

use kubelock_core::answer::{ReadReply, Sight, WriteReply};
use kubelock_core::expiry::ExpiryRule;
use kubelock_core::reading::Reading;
use kubelock_core::record::Record;

use super::clock::Moment;
use super::holder::Move;
use super::ledger::Told;
use super::request::{Answer, Ask, Reply};
use super::session::Session;
use super::stage::{Actor, TTL, terms};

/// One process.
#[derive(Debug, Clone, Hash)]
pub struct GoPeer {
    pub(super) session: Session,
    claims: u8,
    releases: bool,
    phase: Phase,
}

#[derive(Debug, Clone, Hash)]
enum Phase {
    Idle,
    Reading,
    /// Since when it would hold.
    Putting(Reading),
    Holding(Reading),
    ReadingOwn,
    Removing,
}

impl GoPeer {
    /// One that has done nothing yet.
    pub fn new(who: u8, actor: &Actor) -> Self {
        Self {
            session: Session::new(who, actor.requests),
            claims: actor.claims,
            releases: actor.releases,
            phase: Phase::Idle,
        }
    }

    /// Whether it would say that it holds the lock.
    pub fn believes(&self, at: &Moment) -> bool {
        matches!(&self.phase, Phase::Holding(since) if at.reading.at_most_since(*since) < TTL)
    }

    /// What it can do now.
    pub fn moves(&self, at: &Moment) -> Vec<Move> {
        if !self.session.can_send() {
            return Vec::new();
        }
        match &self.phase {
            Phase::Idle if self.claims > 0 => vec![Move::Claim],
            Phase::Holding(_) if self.releases && self.believes(at) => vec![Move::Release],
            _ => Vec::new(),
        }
    }

    /// Does it.
    pub fn act(&mut self, act: Move, at: &Moment) -> Vec<Told> {
        self.session.send(Ask::Get, at);
        if act == Move::Release {
            self.phase = Phase::ReadingOwn;
            return Vec::new();
        }
        self.claims -= 1;
        self.session.claim += 1;
        self.phase = Phase::Reading;
        vec![Told::Claims]
    }

    /// Takes an answer.
    pub fn answered(&mut self, answer: &Answer, at: &Moment) -> Vec<Told> {
        self.session.learn(answer, at);
        let phase = std::mem::replace(&mut self.phase, Phase::Idle);
        match (phase, &answer.reply) {
            (Phase::Reading, Reply::Read(ReadReply::Seen(sight))) => self.acquire(sight, at),
            (Phase::ReadingOwn, Reply::Read(ReadReply::Seen(sight))) => self.release(sight, at),
            (Phase::Reading, _) | (Phase::Putting(_), Reply::Write(WriteReply::Refused(_))) => {
                vec![Told::Declined]
            }
            (Phase::Putting(since), Reply::Write(WriteReply::Applied(_))) => {
                self.phase = Phase::Holding(since);
                vec![Told::Holds(None)]
            }
            (Phase::Removing, Reply::Write(WriteReply::Applied(_))) => vec![Told::Freed],
            _ => vec![Told::Unknown],
        }
    }

    fn acquire(&mut self, sight: &Sight, at: &Moment) -> Vec<Told> {
        let found = sight.value.as_deref().map(Record::decode);
        let is_free = found.is_none_or(|it| it.is_ok_and(|record| record.is_expired(at.wall)));
        if !is_free || !self.session.can_send() {
            return vec![Told::Declined];
        }
        let stamp = self.session.stamp(ExpiryRule::LocalClock, at);
        let record = Record::new(self.session.owner(), stamp, terms().ttl());
        self.put(sight, Some(record.encode().into()), at);
        self.phase = Phase::Putting(at.reading);
        Vec::new()
    }

    fn release(&mut self, sight: &Sight, at: &Moment) -> Vec<Told> {
        let found = sight.value.as_deref().and_then(|value| Record::decode(value).ok());
        let owner = self.session.owner();
        let is_own = found.is_some_and(|it| it.owner == owner && !it.is_expired(at.wall));
        if !is_own || !self.session.can_send() {
            return vec![Told::Unknown];
        }
        self.put(sight, None, at);
        self.phase = Phase::Removing;
        Vec::new()
    }

    fn put(&mut self, sight: &Sight, value: Option<Rc<str>>, at: &Moment) {
        let version = sight.resource_version.parse().unwrap_or_default();
        self.session.send(Ask::Put { version, value }, at);
    }

    /// In a few words, for people.
    pub fn describe(&self, at: &Moment) -> String {
        match &self.phase {
            Phase::Idle => "idle".into(),
            Phase::Reading | Phase::Putting(_) => "acquires".into(),
            Phase::Holding(_) if self.believes(at) => format!("holds for up to {TTL:?}"),
            Phase::Holding(_) => "held".into(),
            Phase::ReadingOwn | Phase::Removing => "releases".into(),
        }
    }
}
