//! A process that wants a hold: claims, waits, holds, gives back, cleans up.
//!
//! The decisions are the core's. What stands here is the library's shell around them, step by
//! step as in its `claiming`, `waiting`, `leftovers` and `hold`, without its timers: each step
//! may come at any time, or never.

use kubelock_core::acquire::{Acquire, Outcome};
use kubelock_core::answer::Sight;
use kubelock_core::change::{self, Change};
use kubelock_core::doubt::Failure;
use kubelock_core::expiry::ExpiryRule;
use kubelock_core::hold::{Hold, Written};
use kubelock_core::mutant::Mutant;
use kubelock_core::patch::Form;
use kubelock_core::read::Read;
use kubelock_core::record::{HoldId, Record};
use kubelock_core::stamp;
use kubelock_core::takeover::{Observer, Takeover, Verdict};
use kubelock_core::timestamp::Timestamp;
use kubelock_core::token::FencingToken;

use super::clock::Moment;
use super::holding::Holding;
use super::ledger::Told;
use super::request::Answer;
use super::session::Session;
use super::stage::{Actor, terms};

/// A stamp that an answer shows to be off is mended so often.
const RESTAMPS_MAX: u8 = 2;

/// What a process can do of its own accord.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Try to get the lock.
    Claim,
    /// Judge what was seen last once more.
    Judge,
    /// Read.
    Look,
    /// Wait no longer.
    Quit,
    /// Renew.
    Renew,
    /// Write under guard.
    Guard,
    /// Give back.
    Release,
    /// Notice that the time is over.
    Notice,
    /// Look for what was left behind.
    Sweep,
}

/// One process.
#[derive(Debug, Clone, Hash)]
pub struct Holder {
    pub(super) session: Session,
    takeover: Takeover,
    observer: Observer,
    /// All bytes of this claim that may stand, or come to stand.
    sent: Vec<Written>,
    restamps: u8,
    claims: u8,
    pub(super) guards: u8,
    releases: bool,
    renews: bool,
    creates: bool,
    phase: Phase,
}

/// What it is about.
#[derive(Debug, Clone, Hash)]
enum Phase {
    Idle,
    Claiming(Box<Claim>),
    Watching(Box<Sight>),
    Looking(Read),
    Holding(Box<Holding>),
    Sweeping,
    SweepReading(Read),
    SweepRemoving(Box<Change>),
}

#[derive(Debug, Clone, Hash)]
struct Claim {
    call: Acquire,
    record: Record,
    written: Written,
    is_new: bool,
}

impl Holder {
    /// One that has done nothing yet.
    pub fn new(who: u8, actor: &Actor, takeover: Takeover) -> Self {
        Self {
            session: Session::new(who, actor.requests),
            takeover,
            observer: Observer::new(takeover),
            sent: Vec::new(),
            restamps: 0,
            claims: actor.claims,
            guards: actor.guards,
            releases: actor.releases,
            renews: actor.renews,
            creates: actor.creates,
            phase: Phase::Idle,
        }
    }

    /// Whether it would say that it holds the lock.
    pub fn believes(&self, at: &Moment) -> bool {
        matches!(&self.phase, Phase::Holding(holding) if holding.is_valid(at))
    }

    /// What it can do now.
    pub fn moves(&self, at: &Moment) -> Vec<Move> {
        let can_send = self.session.can_send();
        match &self.phase {
            Phase::Idle if self.claims > 0 && can_send => vec![Move::Claim],
            Phase::Watching(_) if can_send => vec![Move::Judge, Move::Look, Move::Quit],
            Phase::Watching(_) => vec![Move::Quit],
            Phase::Holding(holding) => holding.moves(at, can_send, self),
            Phase::Sweeping if can_send => vec![Move::Sweep],
            _ => Vec::new(),
        }
    }

    /// Whether it renews; whether it releases.
    pub(super) fn habits(&self) -> (bool, bool) {
        (self.renews, self.releases)
    }

    /// Does it.
    pub fn act(&mut self, act: Move, at: &Moment) -> Vec<Told> {
        match (act, self.phase.clone()) {
            (Move::Claim, _) => self.begin(at),
            (Move::Judge, Phase::Watching(sight)) => self.judge(*sight, at),
            (Move::Look, _) => self.look(at),
            (Move::Quit, _) => self.quit(),
            (Move::Sweep, _) => {
                let mut read = Read::new(false);
                self.session.begin(terms().call(), at);
                let outcome = self.session.start(&mut read, at);
                self.swept(outcome, read, at)
            }
            (act, Phase::Holding(mut holding)) => {
                let told = holding.act(act, self, at);
                self.keep(holding, told)
            }
            _ => Vec::new(),
        }
    }

    /// Takes an answer.
    pub fn answered(&mut self, answer: &Answer, at: &Moment) -> Vec<Told> {
        self.session.learn(answer, at);
        match self.phase.clone() {
            Phase::Claiming(mut claim) => {
                let outcome = self.session.go_on(&mut claim.call, answer, at);
                self.claimed(claim, outcome, at)
            }
            Phase::Looking(mut read) => {
                let outcome = self.session.go_on(&mut read, answer, at);
                self.looked(read, outcome, at)
            }
            Phase::SweepReading(mut read) => {
                let outcome = self.session.go_on(&mut read, answer, at);
                self.swept(outcome, read, at)
            }
            Phase::SweepRemoving(mut call) => {
                let outcome = self.session.go_on(call.as_mut(), answer, at);
                self.removing(outcome.as_ref(), call)
            }
            Phase::Holding(mut holding) => {
                let told = holding.answered(answer, self, at);
                self.keep(holding, told)
            }
            Phase::Idle | Phase::Watching(_) | Phase::Sweeping => Vec::new(),
        }
    }

    fn keep(&mut self, holding: Box<Holding>, told: Vec<Told>) -> Vec<Told> {
        self.phase = if holding.is_done() { Phase::Idle } else { Phase::Holding(holding) };
        told
    }

    fn begin(&mut self, at: &Moment) -> Vec<Told> {
        self.claims -= 1;
        self.session.claim += 1;
        (self.restamps, self.observer) = (0, Observer::new(self.takeover));
        self.sent.clear();
        let mut told = vec![Told::Claims];
        told.extend(self.claim(None, at));
        told
    }

    /// One write of a new record.
    fn claim(&mut self, decided: Option<(Form, Option<String>)>, at: &Moment) -> Vec<Told> {
        let record = self.record(at);
        let value = record.encode();
        let written = Written { value: value.clone(), read_at: at.reading };
        self.sent.push(written.clone());
        let call = Acquire::new("o".into(), value, ExpiryRule::default(), self.session.has_others)
            .for_hold()
            .creating(self.creates);
        let is_new = matches!(decided, Some((Form::Create, _)));
        let call = match decided {
            Some((form, version)) => call.in_form(form, version),
            None => call,
        };
        self.session.begin(terms().call(), at);
        let mut claim = Box::new(Claim { call, record, written, is_new });
        let outcome = self.session.start(&mut claim.call, at);
        self.claimed(claim, outcome, at)
    }

    /// The record of this claim, with a stamp of now.
    pub(super) fn record(&mut self, at: &Moment) -> Record {
        let mut record = Record::new(self.session.owner(), Timestamp::GO_ZERO, terms().ttl());
        record.hold = HoldId::new(self.session.owner()).ok();
        let stamp = self.session.stamp(ExpiryRule::BothClocks, at);
        record.stamped(stamp)
    }

    fn claimed(&mut self, claim: Box<Claim>, outcome: Option<Outcome>, at: &Moment) -> Vec<Told> {
        let Some(outcome) = outcome else {
            self.phase = Phase::Claiming(claim);
            return Vec::new();
        };
        let is_open =
            matches!(outcome, Outcome::Acquired(_) | Outcome::Failed(Failure::Unknown(_)));
        if !claim.call.has_unanswered() && !is_open {
            self.sent.retain(|sent| sent.value != claim.written.value);
        }
        match outcome {
            Outcome::Acquired(sight) => self.acquired(*claim, &sight, at),
            Outcome::Seen(sight) => self.judge(sight, at),
            Outcome::Held { sight, .. } => self.judge(*sight, at),
            Outcome::Missing if claim.is_new => self.look(at),
            Outcome::Missing => self.create(at),
            Outcome::Failed(Failure::Unknown(_) | Failure::Unavailable(_) | Failure::Contended) => {
                self.look(at)
            }
            Outcome::Failed(_) | Outcome::Malformed(_) => self.quit(),
        }
    }

    /// The record stands: can it be relied on?
    fn acquired(&mut self, claim: Claim, sight: &Sight, at: &Moment) -> Vec<Told> {
        let hold = Hold::new(terms(), sight.uid.clone(), claim.written.clone(), 0);
        let is_ready = self.is_ready(&claim, sight) && !hold.valid_for(at.reading).is_zero();
        if !is_ready {
            if !self.session.can_send() {
                return self.quit();
            }
            let form = Form::Replace(claim.written.value);
            return self.claim(Some((form, Some(sight.resource_version.clone()))), at);
        }
        self.sent.clear();
        self.phase = Phase::Holding(Box::new(Holding::new(hold)));
        vec![Told::Holds(FencingToken::new(&sight.resource_version, &sight.uid).ok())]
    }

    fn is_ready(&mut self, claim: &Claim, sight: &Sight) -> bool {
        if !claim.call.is_first_try() && !Mutant::HandsOutInDoubt.is_on() {
            return false;
        }
        let created_at = claim.record.created_at;
        let is_off = sight.date.is_some_and(|date| {
            stamp::is_off(created_at, date, self.session.since_sent())
                || stamp::is_beyond_margin(created_at, date, terms().margin())
        });
        self.restamps += u8::from(is_off);
        !is_off || self.restamps > RESTAMPS_MAX
    }

    /// What to do about what was seen.
    fn judge(&mut self, sight: Sight, at: &Moment) -> Vec<Told> {
        let own = self.sent.iter().map(|sent| &sent.value).find(|value| sight.shows(value));
        let verdict = match own {
            Some(own) if !sight.is_terminating => Verdict::Take(Form::Replace(own.clone())),
            _ => self.observer.judge(&sight, self.session.seen(at)),
        };
        match verdict {
            Verdict::Take(form) if self.session.can_send() => {
                self.claim(Some((form, Some(sight.resource_version))), at)
            }
            Verdict::Terminating | Verdict::Malformed(_) => self.quit(),
            Verdict::Take(_) | Verdict::Held { .. } => {
                self.phase = Phase::Watching(Box::new(sight));
                Vec::new()
            }
        }
    }

    fn look(&mut self, at: &Moment) -> Vec<Told> {
        if !self.session.can_send() {
            return self.quit();
        }
        let mut read = Read::new(false);
        self.session.begin(terms().call(), at);
        let outcome = self.session.start(&mut read, at);
        self.looked(read, outcome, at)
    }

    fn looked(
        &mut self,
        read: Read,
        outcome: Option<Result<Sight, Failure>>,
        at: &Moment,
    ) -> Vec<Told> {
        match outcome {
            None => {
                self.phase = Phase::Looking(read);
                Vec::new()
            }
            Some(Ok(sight)) => self.judge(sight, at),
            Some(Err(Failure::ObjectMissing)) => self.create(at),
            Some(Err(_)) => self.look(at),
        }
    }

    fn create(&mut self, at: &Moment) -> Vec<Told> {
        if self.creates && self.session.can_send() {
            return self.claim(Some((Form::Create, None)), at);
        }
        self.quit()
    }

    /// Gives up. With bytes under way that may land yet, no other answer than that is true.
    fn quit(&mut self) -> Vec<Told> {
        if self.sent.is_empty() {
            self.phase = Phase::Idle;
            return vec![Told::Declined];
        }
        self.phase = Phase::Sweeping;
        vec![Told::Unknown]
    }

    fn swept(
        &mut self,
        outcome: Option<Result<Sight, Failure>>,
        read: Read,
        at: &Moment,
    ) -> Vec<Told> {
        self.phase = match outcome {
            None => Phase::SweepReading(read),
            Some(Ok(sight)) => return self.remove_left(sight, at),
            Some(Err(_)) => Phase::Sweeping,
        };
        Vec::new()
    }

    /// Removes what stands, if it is of what was sent.
    fn remove_left(&mut self, sight: Sight, at: &Moment) -> Vec<Told> {
        let own = self.sent.iter().map(|sent| sent.value.clone());
        let Some(own) = own.into_iter().find(|value| sight.shows(value)) else {
            self.phase = Phase::Sweeping;
            return Vec::new();
        };
        let mut call = Box::new(Change::remove(sight.uid, own));
        self.session.begin(terms().call(), at);
        let outcome = self.session.start(call.as_mut(), at);
        self.removing(outcome.as_ref(), call)
    }

    fn removing(&mut self, outcome: Option<&change::Outcome>, call: Box<Change>) -> Vec<Told> {
        self.phase = match outcome {
            None => Phase::SweepRemoving(call),
            Some(_) => Phase::Sweeping,
        };
        Vec::new()
    }

    /// In a few words, for people.
    pub fn describe(&self, at: &Moment) -> String {
        match &self.phase {
            Phase::Idle => "idle".into(),
            Phase::Claiming(_) => "claims".into(),
            Phase::Watching(_) => "waits".into(),
            Phase::Looking(_) => "looks".into(),
            Phase::Holding(holding) => holding.describe(at),
            Phase::Sweeping | Phase::SweepReading(_) | Phase::SweepRemoving(_) => {
                "cleans up".into()
            }
        }
    }
}
