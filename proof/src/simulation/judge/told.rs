//! Whether what callers are told is true.

use std::time::Duration;

use kubelock::{Clock, Error, Held, Loss, Record, Timestamp};

use super::super::history::Truth;
use super::super::process::{Process, State};
use super::super::request::short;
use super::{Judge, Kind, Rule};

/// A call that gave up looks for what it left every ten seconds, and each look takes as long.
const REMOVAL_MAX: Duration = Duration::from_secs(23);

/// How long a watch takes to be opened at most, the pause after one that failed, and a claim.
const IDLE_MAX: Duration = Duration::from_secs(18);

/// The true instant at which this process's wall clock, as it goes, shows this.
pub(super) fn instant(process: &Process, now: Duration, at: Timestamp) -> Duration {
    now + process.machine.true_span(at.saturating_since(process.machine.wall()))
}

impl Judge {
    /// A call is over.
    pub(super) fn ended(&mut self, call: u64) {
        if let Some(facts) = self.call_mut(call) {
            facts.is_done = true;
        }
    }

    /// A call ended with an error.
    pub(crate) fn told_error(&mut self, call: u64, error: &Error) {
        let now = self.now();
        self.ended(call);
        let Some(facts) = self.call(call) else { return };
        let process = facts.process.clone();
        let (name, began) = (process.name.clone(), facts.began);
        let is_held = |held: &Held| self.history.ever(began, |truth| shows(truth, &held.record));
        let is_true = match error {
            Error::AlreadyExists(held) | Error::OwnerMismatch(held) => is_held(held),
            Error::NotFound { .. } => self.was_free(&process, began),
            Error::ObjectMissing { .. } => self.history.ever(began, |truth| !truth.exists()),
            Error::ObjectTerminating { .. } => self.history.ever(began, |truth| truth.is_dying),
            Error::Malformed { .. } => self.history.ever(began, is_malformed),
            Error::Altered { .. } => self.profile.traits().webhook > 0,
            Error::InvalidConfig(_) | Error::Unordered { .. } | Error::Forbidden { .. } => false,
            _ => true,
        };
        if !is_true {
            self.broken(Rule::ToldHeld, || format!("{name} was told: {error}"));
        }
        let settled = match error {
            Error::OutcomeUnknown { settled_at, .. } => Some(instant(&process, now, *settled_at)),
            _ => None,
        };
        let shown = self.shown_by_participants();
        let Some(facts) = self.call_mut(call) else { return };
        facts.gave_up_at = Some(now);
        facts.settled_at = settled;
        if settled.is_some() || matches!(error, Error::Altered { .. }) || facts.repeats {
            return;
        }
        facts.nothing_since = Some(now);
        if shown.is_some_and(|shown| facts.values.contains(&shown)) {
            self.broken(Rule::ToldNothing, || format!("{name} was told: {error}; and it stands"));
        }
    }

    /// What stands there, unless it came with an object that an outsider made anew.
    fn shown_by_participants(&self) -> Option<String> {
        let value = self.history.now().value.clone()?;
        let landing = self.history.landings(&value).last();
        (!landing.is_some_and(|era| era.by_outsider)).then_some(value)
    }

    /// A call was dropped before it was done.
    pub(crate) fn dropped(&mut self, call: u64) {
        let now = self.now();
        self.ended(call);
        if let Some(facts) = self.call_mut(call) {
            facts.gave_up_at = Some(now);
        }
    }

    fn was_free(&self, process: &Process, began: Duration) -> bool {
        let wall = process.machine.wall();
        self.history.ever(began, |truth| match truth.value.as_deref().map(Record::decode) {
            Some(Ok(record)) => record.is_expired(wall),
            _ => true,
        })
    }

    /// A holder was told why it lost the lock.
    pub(crate) fn told_lost(&mut self, number: usize, loss: &Loss) {
        self.was_lost(number);
        let hold = &self.holds[number];
        let (name, from) = (hold.name(), hold.handed_at);
        let is_revoked = hold.revoked_at.is_some();
        let ever = |was: &dyn Fn(&Truth) -> bool| self.history.ever(from, was);
        let is_true = match loss {
            Loss::Deadline => hold.process.machine.boot() >= hold.deadline,
            Loss::Removed => is_revoked && ever(&|truth| truth.exists() && truth.value.is_none()),
            Loss::Replaced(record) => is_revoked && ever(&|truth| shows(truth, record)),
            Loss::Renewed => is_revoked,
            Loss::Malformed(_) => is_revoked && ever(&is_malformed),
            Loss::ObjectMissing => is_revoked && ever(&|truth| !truth.exists()),
            Loss::ObjectReplaced => {
                is_revoked && ever(&|truth| truth.exists() && truth.uid != hold.uid)
            }
            Loss::Altered => self.profile.traits().webhook > 0,
            _ => false,
        };
        if !is_true {
            self.broken(Rule::ToldLost, || format!("{name}: {loss}"));
        }
    }

    /// A holder was told that its record is removed.
    pub(crate) fn told_released(&mut self, number: usize, confirmed: &str) {
        let (now, hold) = (self.history.now(), &self.holds[number]);
        if now.uid == hold.uid && now.shows(confirmed) {
            let name = hold.name();
            self.broken(Rule::ToldReleased, || format!("{name}: {}", short(Some(confirmed))));
        }
    }

    /// The same of a record alone. A late copy of its acquire may have come since.
    pub(crate) fn told_plain_released(&mut self, number: usize, call: u64) {
        let began = self.call(call).map_or(Duration::ZERO, |call| call.began);
        let plain = &self.plains[number];
        let is_there = |truth: &Truth| truth.uid == plain.uid && truth.shows(&plain.value);
        if !self.history.ever(began, |truth| !is_there(truth)) {
            let name = plain.name.clone();
            self.broken(Rule::ToldReleased, || name);
        }
    }

    /// What is settled does not stand for anybody any more.
    pub(super) fn check_settled(&mut self) {
        let now = self.now();
        let Some(value) = &self.shown_by_participants() else { return };
        let Some(call) = self.senders.get(value).and_then(|call| self.call(*call)) else { return };
        if call.settled_at.is_none_or(|at| at >= now) {
            return;
        }
        // By every server's clock.
        let behind = Duration::from_millis(self.profile.traits().date_millis);
        let seen = self.time.stamp(now.saturating_sub(behind));
        let stands = Record::decode(value).is_ok_and(|record| !record.is_expired(seen));
        if stands {
            let (name, what) = (call.process.name.clone(), short(Some(value)));
            self.broken(Rule::ToldSettled, || format!("{name}'s {what} stands yet"));
        }
    }

    /// Nobody who could take it waits for a lock that is free.
    pub(super) fn check_idle(&mut self) {
        let now = self.now();
        let Some((there, free_since)) = self.history.present() else { return };
        if there.value.is_some() || !there.exists() || there.is_dying {
            return;
        }
        let waits = self.calls.iter().find(|call| {
            let process = &call.process;
            let spoiled_at = self.spoiled_at.get(&process.number).copied().unwrap_or_default();
            let deaf_until = self.deaf_until.get(&process.number).copied().unwrap_or_default();
            let since = spoiled_at.max(free_since).max(call.began).max(process.steady_since());
            call.kind == Kind::Hold
                && !call.is_done
                && process.state() == State::Runs
                && now > since.max(deaf_until) + IDLE_MAX
        });
        if let Some(call) = waits {
            let name = call.process.name.clone();
            self.broken(Rule::Idle, || format!("{name} waits for a lock that is free"));
        }
    }

    /// What a hold's call left behind is removed, as long as its process goes on.
    pub(super) fn check_leftovers(&mut self) {
        let now = self.now();
        let Some(value) = &self.shown_by_participants() else { return };
        if self.history.now().hold.is_none() {
            return;
        }
        let Some(call) = self.senders.get(value).and_then(|call| self.call(*call)) else { return };
        let Some(gave_up_at) = call.gave_up_at else { return };
        let process = &call.process;
        if call.kind != Kind::Hold || process.state() != State::Runs || call.repeats {
            return;
        }
        let spoiled_at = self.spoiled_at.get(&process.number).copied().unwrap_or_default();
        let since = gave_up_at.max(self.landed_at).max(spoiled_at).max(process.steady_since());
        if now > since + REMOVAL_MAX {
            let (name, what) = (process.name.clone(), short(Some(value)));
            self.broken(Rule::Leftovers, || format!("{name}'s {what} stands yet"));
        }
    }
}

fn shows(truth: &Truth, record: &Record) -> bool {
    truth.value.as_deref().and_then(|value| Record::decode(value).ok()).as_ref() == Some(record)
}

fn is_malformed(truth: &Truth) -> bool {
    truth.value.as_deref().is_some_and(|value| Record::decode(value).is_err())
}
