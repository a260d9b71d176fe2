//! What a change of the object means for those who count on it.

use std::time::Duration;

use super::super::history::{Author, Era, Truth};
use super::super::link::Sent;
use super::super::request::{Step, short};
use super::{Judge, Kind, Rule};

/// What somebody who changed the object was to respect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    /// All that is validly held.
    Respects,
    /// By its rule and clocks it may err.
    MayRob,
    /// It is outside of the protocol, or by label.
    MayRemove,
}

impl Judge {
    /// A write was served.
    pub(crate) fn served(&mut self, sent: &Sent, is_applied: bool, before: &Truth) {
        if !is_applied {
            return;
        }
        let is_for_hold = sent.effect.hold().is_some();
        if sent.step == Step::Acquire && is_for_hold && before.is_dying {
            let what = short(sent.effect.new.as_deref());
            self.broken(Rule::Dying, || what);
        }
        if let Some(marker) = &sent.effect.marker {
            self.applied(marker, before);
        }
    }

    /// The object is another one now, or the same.
    pub(crate) fn landed(&mut self, author: &Author, before: &Truth, after: &Truth) {
        let right = self.right_of(author);
        self.history.note(Era {
            since: self.now(),
            truth: after.clone(),
            by_participant: right == Right::Respects,
            by_outsider: matches!(author, Author::Outsider(_)),
        });
        if before.uid == after.uid && before.value == after.value {
            return;
        }
        self.landed_at = self.now();
        if !matches!(author, Author::Outsider(_)) {
            self.check_told(after);
        }
        self.holds_met(author, right, before, after);
        self.plains_met(author, right, before);
    }

    fn right_of(&self, author: &Author) -> Right {
        let Author::Request { step, call, .. } = author else { return Right::MayRemove };
        let Some(call) = self.call(*call) else { return Right::Respects };
        match (step, &call.kind) {
            (Step::Release | Step::Renewal, Kind::Release | Kind::Renew) => Right::MayRemove,
            (Step::Acquire | Step::GoWrite, _) if self.profile.may_rob(call.rule) => Right::MayRob,
            _ => Right::Respects,
        }
    }

    fn holds_met(&mut self, author: &Author, right: Right, before: &Truth, after: &Truth) {
        let now = self.now();
        for number in 0..self.holds.len() {
            let hold = &self.holds[number];
            if hold.revoked_at.is_some() || !hold.is_shown(before) {
                continue;
            }
            let is_own = is_by(author, hold.process.number);
            if is_own && hold.is_shown(after) {
                continue;
            }
            let is_given_back = is_own && after.value.is_none();
            if right == Right::Respects && !is_given_back && hold.is_believed() {
                let (name, by) = (hold.name(), short(after.value.as_deref()));
                self.broken(Rule::Robbed, || format!("{name}: {author} put {by} in its place"));
            }
            self.holds[number].revoked_at = Some(now);
        }
    }

    fn plains_met(&mut self, author: &Author, right: Right, before: &Truth) {
        let now = self.now();
        for number in 0..self.plains.len() {
            let plain = &self.plains[number];
            let is_shown = before.shows(&plain.value) && before.uid == plain.uid;
            if plain.revoked_at.is_some() || !is_shown {
                continue;
            }
            let is_robbed = right == Right::Respects && plain.is_believed(self.time.stamp(now));
            if is_robbed {
                let name = plain.name.clone();
                self.broken(Rule::Robbed, || format!("{name} by {author}"));
            }
            self.plains[number].revoked_at = Some(now);
        }
    }

    /// What was told to leave nothing, or to be settled, does not land any more.
    fn check_told(&mut self, after: &Truth) {
        let now = self.now();
        let Some(value) = &after.value else { return };
        let Some(call) = self.senders.get(value).and_then(|call| self.call(*call)) else { return };
        call.landed.notify_one();
        let (nothing, settled) = (call.nothing_since.is_some(), call.settled_at);
        let (name, value) = (call.process.name.clone(), short(Some(value)));
        if nothing {
            self.broken(Rule::ToldNothing, || format!("{name}'s {value} came to stand"));
        }
        if settled.is_some_and(|at: Duration| at < now) {
            self.broken(Rule::ToldSettled, || format!("{name}'s {value} came to stand"));
        }
    }
}

fn is_by(author: &Author, process: usize) -> bool {
    matches!(author, Author::Request { process: by, .. } if *by == process)
}
