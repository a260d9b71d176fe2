//! A hold at work, as in the library's `hold`: one write at a time, the last of them the release.

use kubelock_core::change::{Change, Outcome};
use kubelock_core::doubt::Failure;
use kubelock_core::hold::{Hold, Loss, Next, Verdict, Written};

use kubelock_core::mutant::Mutant;

use super::clock::Moment;
use super::holder::{Holder, Move};
use super::ledger::Told;
use super::request::{Answer, GUARDED};
use super::stage::terms;

/// A hold, and its write that is under way.
#[derive(Debug, Clone, Hash)]
pub struct Holding {
    hold: Hold,
    write: Option<Write>,
    releases: bool,
    done: bool,
}

#[derive(Debug, Clone, Hash)]
struct Write {
    call: Change,
    kind: Kind,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Renewal,
    Guarded,
    Removal,
}

impl Holding {
    /// One that begins.
    pub fn new(hold: Hold) -> Self {
        Self { hold, write: None, releases: false, done: false }
    }

    /// Whether its holder would say that it holds.
    pub fn is_valid(&self, at: &Moment) -> bool {
        !self.hold.valid_for(at.reading).is_zero()
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// What can be done now.
    pub fn moves(&self, at: &Moment, can_send: bool, holder: &Holder) -> Vec<Move> {
        if self.releases {
            return Vec::new();
        }
        if !self.is_valid(at) {
            return if self.write.is_none() { vec![Move::Notice] } else { Vec::new() };
        }
        let (renews, releases) = holder.habits();
        let is_free = self.write.is_none() && can_send;
        let is_due = is_free && self.hold.clone().next(at.reading) == Next::Renew;
        let moves = [
            (Move::Renew, renews && is_due),
            (Move::Guard, holder.guards > 0 && is_free),
            (Move::Release, releases && (is_free || self.write.is_some())),
        ];
        moves.into_iter().filter_map(|(act, can)| can.then_some(act)).collect()
    }

    /// Does it.
    pub fn act(&mut self, act: Move, holder: &mut Holder, at: &Moment) -> Vec<Told> {
        match act {
            Move::Renew => self.attempt(Kind::Renewal, holder, at),
            Move::Guard => {
                holder.guards -= 1;
                self.attempt(Kind::Guarded, holder, at)
            }
            Move::Release => self.release(holder, at),
            Move::Notice => self.notice(at),
            _ => Vec::new(),
        }
    }

    fn notice(&mut self, at: &Moment) -> Vec<Told> {
        self.hold.check(at.reading);
        self.is_lost()
    }

    /// Tells of a loss; then this hold is over.
    fn is_lost(&mut self) -> Vec<Told> {
        let Some(loss) = self.hold.loss().cloned() else { return Vec::new() };
        self.done = true;
        vec![Told::Lost(loss)]
    }

    /// Replaces the record by one with a new stamp, and does what else is asked for.
    fn attempt(&mut self, kind: Kind, holder: &mut Holder, at: &Moment) -> Vec<Told> {
        let value = holder.record(at).encode();
        let written = Written { value: value.clone(), read_at: at.reading };
        let left = self.hold.valid_for(at.reading);
        let old = self.hold.confirmed().to_owned();
        if !self.hold.begin(written, at.reading) {
            let denied = (kind == Kind::Guarded).then_some(Told::Guarded(Some(false)));
            return denied.into_iter().chain(self.is_lost()).collect();
        }
        let mut call = Change::replace(self.hold.uid().to_owned(), old, value.clone());
        if kind == Kind::Guarded {
            let who = holder.session.who;
            let effect = serde_json::json!({"op": "add", "path": GUARDED, "value": who});
            call = call.with_operations(vec![effect], None, true);
        }
        holder.session.begin(terms().call().min(left), at);
        let outcome = holder.session.start(&mut call, at);
        self.write = Some(Write { call, kind, value });
        self.settled(outcome, holder, at)
    }

    /// It ends for its holder before anything is sent; then a write under way is waited for.
    fn release(&mut self, holder: &mut Holder, at: &Moment) -> Vec<Told> {
        if !Mutant::ValidUntilReleased.is_on() && self.hold.release(at.reading).is_err() {
            return self.is_lost();
        }
        self.releases = true;
        if self.write.is_some() {
            return Vec::new();
        }
        holder.session.begin(terms().call(), at);
        self.remove(self.hold.confirmed().to_owned(), holder, at)
    }

    fn remove(&mut self, old: String, holder: &mut Holder, at: &Moment) -> Vec<Told> {
        let mut call = Change::remove(self.hold.uid().to_owned(), old.clone());
        let outcome = holder.session.start(&mut call, at);
        self.write = Some(Write { call, kind: Kind::Removal, value: old });
        self.settled(outcome, holder, at)
    }

    /// Takes an answer.
    pub fn answered(&mut self, answer: &Answer, holder: &mut Holder, at: &Moment) -> Vec<Told> {
        let Some(write) = &mut self.write else { return Vec::new() };
        let outcome = holder.session.go_on(&mut write.call, answer, at);
        self.settled(outcome, holder, at)
    }

    fn settled(&mut self, outcome: Option<Outcome>, holder: &mut Holder, at: &Moment) -> Vec<Told> {
        let Some(outcome) = outcome else { return Vec::new() };
        let Some(write) = self.write.take() else { return Vec::new() };
        if write.kind == Kind::Removal {
            return self.removed(outcome, &write.value, holder, at);
        }
        self.written(outcome, &write, holder, at)
    }

    fn written(
        &mut self,
        outcome: Outcome,
        write: &Write,
        holder: &mut Holder,
        at: &Moment,
    ) -> Vec<Told> {
        let was_applied = matches!(
            outcome,
            Outcome::Changed(_) | Outcome::Applied(_) | Outcome::Failed(Failure::Altered)
        );
        let is_renewal = write.kind == Kind::Renewal;
        let verdict = self.hold.settle(&write.value, is_renewal, outcome, at.reading, 0);
        if verdict == Verdict::Adopted && holder.session.can_send() {
            return self.attempt(write.kind, holder, at);
        }
        let is_unknown = write.call.has_unanswered() || was_applied;
        let mut told = Vec::new();
        if !is_renewal {
            told.push(Told::Guarded(match verdict {
                Verdict::Confirmed | Verdict::Kept => Some(true),
                Verdict::Failed(Failure::Unknown(_)) => None,
                Verdict::Adopted | Verdict::Ended if is_unknown => None,
                Verdict::Failed(_) | Verdict::Adopted | Verdict::Ended => Some(false),
            }));
        }
        if self.releases {
            holder.session.begin(terms().call(), at);
            told.extend(self.remove(self.hold.confirmed().to_owned(), holder, at));
        } else {
            told.extend(self.is_lost());
        }
        told
    }

    fn removed(
        &mut self,
        outcome: Outcome,
        old: &str,
        holder: &mut Holder,
        at: &Moment,
    ) -> Vec<Told> {
        let other = match &outcome {
            Outcome::Vanished(sight) | Outcome::Gone(sight) => {
                self.hold.own(sight).filter(|own| *own != old).map(str::to_owned)
            }
            _ => None,
        };
        if let Some(own) = other {
            // A renewal whose answer was lost stands.
            if holder.session.can_send() {
                return self.remove(own, holder, at);
            }
            self.done = true;
            return vec![Told::Unknown];
        }
        self.done = true;
        vec![match outcome {
            Outcome::Changed(_) | Outcome::Applied(_) | Outcome::Vanished(_) => Told::Freed,
            Outcome::Gone(sight) => Told::Lost(self.loss_of(&sight)),
            Outcome::Failed(_) => Told::Unknown,
        }]
    }

    fn loss_of(&self, sight: &kubelock_core::answer::Sight) -> Loss {
        self.hold.loss_of(sight)
    }

    /// In a few words, for people.
    pub fn describe(&self, at: &Moment) -> String {
        let left = self.hold.valid_for(at.reading);
        let doing = match self.write.as_ref().map(|write| write.kind) {
            None => "",
            Some(Kind::Renewal) => ", renews",
            Some(Kind::Guarded) => ", writes under guard",
            Some(Kind::Removal) => ", gives back",
        };
        if left.is_zero() { format!("held{doing}") } else { format!("holds for {left:?}{doing}") }
    }
}
