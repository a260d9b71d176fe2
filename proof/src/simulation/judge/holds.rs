//! Who holds the lock, as each holder believes.

use std::sync::{Arc, Weak};
use std::time::Duration;

use kubelock::{CancellationToken, Clock, Guard, Record, Timestamp};

use super::super::history::Truth;
use super::super::link::Sent;
use super::super::process::{Process, State};
use super::super::request::short;
use super::{Judge, Rule};

/// Timers of a keeper, its tick, and a step of the scheduler.
const NOTICE_MAX: Duration = Duration::from_millis(1_200);
/// The least margin of a hold.
const MARGIN_MIN: Duration = Duration::from_millis(500);

/// A hold that was handed out.
pub(crate) struct HoldFacts {
    pub(super) id: String,
    pub(super) uid: String,
    pub(super) process: Arc<Process>,
    guard: Weak<Guard>,
    over: CancellationToken,
    created_at: Timestamp,
    /// By its machine's boot clock: when it ends by what was confirmed last.
    pub(super) deadline: Duration,
    pub(super) handed_at: Duration,
    pub(super) revoked_at: Option<Duration>,
    is_lost: bool,
    /// Its client repeats requests by itself: a copy can bring back a record that was removed.
    repeats: bool,
    /// Its holder has given it back, or dropped it.
    is_ended: bool,
}

impl HoldFacts {
    /// Whether its holder may still believe in it, if the clocks say so.
    fn is_live(&self) -> bool {
        !self.is_ended
            && !self.is_lost
            && self.revoked_at.is_none()
            && self.process.state() != State::Dead
    }

    /// Whether its holder believes in it now. Who is stopped is judged by its clocks alone.
    pub(super) fn is_believed(&self) -> bool {
        if !self.is_live() {
            return false;
        }
        match self.guard.upgrade() {
            Some(guard) if self.process.state() == State::Runs => guard.is_valid(),
            Some(_) => self.process.machine.boot() < self.deadline,
            None => false,
        }
    }

    /// Whether the object shows a record of this hold.
    pub(super) fn is_shown(&self, truth: &Truth) -> bool {
        truth.uid == self.uid && truth.hold.as_ref() == Some(&self.id)
    }

    pub(super) fn name(&self) -> String {
        format!("{}'s hold {}", self.process.name, self.id.get(..4).unwrap_or_default())
    }
}

impl Judge {
    pub(super) fn is_handed_out(&self, id: &str) -> bool {
        self.holds.iter().any(|hold| hold.id == id)
    }

    /// A hold was handed out. Returns its number.
    pub(crate) fn got_hold(&mut self, process: &Arc<Process>, guard: &Arc<Guard>) -> usize {
        self.acquisitions += 1;
        self.ended(process.call());
        let record = guard.record();
        let left = guard.valid_for();
        let facts = HoldFacts {
            id: guard.hold_id().as_str().to_owned(),
            uid: guard.token().uid().to_owned(),
            process: process.clone(),
            guard: Arc::downgrade(guard),
            over: guard.cancellation_token(),
            created_at: record.created_at,
            deadline: process.machine.boot() + left,
            handed_at: self.now(),
            revoked_at: None,
            is_lost: false,
            repeats: self.call(process.call()).is_some_and(|call| call.repeats),
            is_ended: false,
        };
        self.holds.push(facts);
        let number = self.holds.len() - 1;
        let token = guard.token().resource_version().parse().unwrap_or_default();
        self.check_handed_out(number, &record.encode(), token);
        self.check_validity(number, &record);
        self.check_exclusion();
        number
    }

    fn check_handed_out(&mut self, number: usize, value: &str, token: u64) {
        let hold = &self.holds[number];
        let name = hold.name();
        let landing = self.history.landings(value).filter(|era| era.truth.uid == hold.uid).last();
        let Some(landing) = landing else {
            return self.broken(Rule::ToldGot, || format!("{name}: {value} never stood"));
        };
        let (since, version) = (landing.since, landing.truth.version);
        if token < version {
            self.broken(Rule::TokenAge, || {
                format!("{name}: {token}, and it stands since {version}")
            });
        }
        let later = self.history.since(since).filter(|era| era.since > since);
        // With its id, too, another record than this is not of this holder's making.
        let uid = &self.holds[number].uid;
        let robbed =
            later.filter(|era| era.truth.uid != *uid || !era.truth.shows(value)).last().cloned();
        if let Some(era) = robbed {
            let (at, by_participant, by) = (era.since, era.by_participant, era.truth.to_string());
            if by_participant && self.holds[number].is_believed() {
                self.broken(Rule::Robbed, || format!("{name} by {by} before it was handed out"));
            }
            self.holds[number].revoked_at = Some(at);
            return;
        }
        if token <= self.last_token {
            let last = self.last_token;
            self.broken(Rule::TokenOrder, || format!("{name}: {token} after {last}"));
        }
        self.last_token = token;
    }

    /// No two believe.
    pub(super) fn check_exclusion(&mut self) {
        let now = self.time.stamp(self.now());
        let holds = self.holds.iter().filter(|hold| hold.is_live());
        let plains = self.plains.iter().filter(|plain| plain.is_believed(now));
        if holds.clone().count() + plains.clone().count() < 2 {
            return;
        }
        let holds = holds.filter(|hold| hold.is_believed()).map(HoldFacts::name);
        let names: Vec<_> = holds.chain(plains.map(|plain| plain.name.clone())).collect();
        if names.len() > 1 {
            self.broken(Rule::Exclusion, || names.join(" and "));
        }
    }

    /// Looks at what a process has learned in its last step.
    pub(super) fn sample(&mut self, process: &Arc<Process>) {
        let mut has_changed = false;
        for number in 0..self.holds.len() {
            let hold = &self.holds[number];
            if hold.is_ended || !Arc::ptr_eq(&hold.process, process) {
                continue;
            }
            let Some(guard) = hold.guard.upgrade() else { continue };
            let record = guard.record();
            if record.created_at != hold.created_at {
                self.renewed(number, &guard, &record.encode());
                has_changed = true;
            }
            let hold = &mut self.holds[number];
            hold.is_lost |= hold.over.is_cancelled();
        }
        let lives = self.holds.iter().filter(|hold| hold.is_live()).count();
        if has_changed || lives > 1 || (lives > 0 && !self.plains.is_empty()) {
            self.check_exclusion();
        }
    }

    /// A holder believes itself renewed.
    fn renewed(&mut self, number: usize, guard: &Guard, value: &str) {
        let left = guard.valid_for();
        let uid = &self.holds[number].uid;
        let landings = self.history.landings(value).filter(|era| era.truth.uid == *uid);
        let landing = landings.last().map(|era| era.since);
        let hold = &mut self.holds[number];
        let boot = hold.process.machine.boot();
        let record = guard.record();
        let was_over = hold.is_lost || hold.deadline < boot;
        hold.created_at = record.created_at;
        hold.deadline = boot + left;
        let (name, revoked_at, repeats) = (hold.name(), hold.revoked_at, hold.repeats);
        if left.is_zero() {
            return;
        }
        self.check_validity(number, &record);
        if was_over {
            return self.broken(Rule::LostIsFinal, || format!("{name} is back"));
        }
        let what = short(Some(value));
        match (landing, revoked_at) {
            (None, _) => self.broken(Rule::ToldGot, || format!("{name}: {what} never stood")),
            (Some(landed), Some(revoked)) if landed > revoked && !repeats => {
                self.broken(Rule::Revocation, || format!("{name} was renewed as {what}"));
            }
            _ => {}
        }
    }

    fn check_validity(&mut self, number: usize, record: &Record) {
        let Some(sent_at) = self.sent_at.get(&record.encode()).copied() else { return };
        let ttl = Duration::from_nanos(u64::try_from(record.ttl_nanos).unwrap_or(0));
        let margin = (ttl / 10).max(MARGIN_MIN);
        let hold = &self.holds[number];
        // The clocks' own rounding.
        let end = sent_at + ttl.saturating_sub(margin) + Duration::from_micros(1);
        if hold.deadline > end {
            let (name, late) = (hold.name(), hold.deadline.saturating_sub(end));
            self.may_harm(Rule::Validity, || format!("{name}: valid for {late:?} too long"));
        }
    }

    /// The holder gives it back: from now on it believes nothing.
    pub(crate) fn ending(&mut self, number: usize) {
        self.holds[number].is_ended = true;
    }

    /// The holder was told that it is lost.
    pub(crate) fn was_lost(&mut self, number: usize) {
        self.holds[number].is_lost = true;
    }

    pub(super) fn release_sent(&mut self, process: &Process, sent: &Sent) {
        let hold = sent.effect.hold();
        let own = self.holds.iter().find(|it| {
            it.process.number == process.number && hold.as_ref().is_none_or(|id| *id == it.id)
        });
        if let Some(own) = own
            && hold.is_some()
            && !own.over.is_cancelled()
        {
            let name = own.name();
            self.broken(Rule::EndsBeforeRelease, || name);
        }
    }

    /// Who runs notices the end of his time.
    pub(super) fn check_deadlines(&mut self) {
        let now = self.now();
        let late = self.holds.iter().find(|hold| {
            let process = &hold.process;
            let is_steady = now > process.steady_since() + NOTICE_MAX;
            hold.is_live()
                && hold.guard.strong_count() > 0
                && process.state() == State::Runs
                && is_steady
                && process.machine.boot() > hold.deadline + NOTICE_MAX
                && !hold.over.is_cancelled()
        });
        if let Some(hold) = late {
            let name = hold.name();
            self.broken(Rule::Deadline, || name);
        }
    }
}
