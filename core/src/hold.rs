//! A hold: valid for a while, renewed in time, lost for good.
//!
//! Every write of a hold is told here before it is sent, and its outcome afterwards. Own is
//! what was confirmed last, and all that was sent after it and not answered; never what was
//! there before.

use std::fmt;
use std::time::Duration;

use crate::answer::Sight;
use crate::change::Outcome;
use crate::doubt::Failure;
use crate::mutant::Mutant;
use crate::name::quoted;
use crate::reading::Reading;
use crate::record::{HoldId, Malformed, Record};
use crate::terms::Terms;

/// Bytes of this hold, and what the clocks showed before they were stamped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Written {
    /// The annotation's value.
    pub value: String,
    /// Taken before `createdAt` was: validity counts from here.
    pub read_at: Reading,
}

/// Why a hold was lost.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// No renewal was confirmed in time. Nobody need have taken the lock.
    Deadline,
    /// Somebody removed the record.
    Removed,
    /// Another record stands in its place.
    Replaced(Box<Record>),
    /// Its own record stands there, renewed by somebody who knows its id: what others renew, its
    /// holder cannot rely on.
    Renewed,
    /// Something that is no record stands in its place.
    Malformed(Malformed),
    /// The object was deleted.
    ObjectMissing,
    /// The object was deleted and made again.
    ObjectReplaced,
    /// The server stored something else than was sent: a webhook or policy alters the record.
    Altered,
    /// What renews holds has ended: its runtime was shut down, or it panicked.
    RenewerEnded,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadline => f.write_str("no renewal was confirmed in time"),
            Self::Removed => f.write_str("somebody removed its record"),
            Self::Replaced(record) => match &record.hold {
                Some(hold) => write!(f, "{} has it now, hold {hold}", quoted(&record.owner)),
                None => write!(f, "{} has it now", quoted(&record.owner)),
            },
            Self::Renewed => f.write_str("somebody else renewed its record"),
            Self::Malformed(_) => f.write_str("somebody overwrote its record with a malformed one"),
            Self::ObjectMissing => f.write_str("the object was deleted"),
            Self::ObjectReplaced => f.write_str("the object was deleted and made again"),
            Self::Altered => f.write_str("a webhook or policy alters its record"),
            Self::RenewerEnded => f.write_str("what renews it has ended"),
        }
    }
}

impl Loss {
    /// The reason in one stable word, for events and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Removed => "removed",
            Self::Replaced(_) => "replaced",
            Self::Renewed => "renewed",
            Self::Malformed(_) => "malformed",
            Self::ObjectMissing => "object_missing",
            Self::ObjectReplaced => "object_replaced",
            Self::Altered => "altered",
            Self::RenewerEnded => "renewer_ended",
        }
    }
}

/// How a hold ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum End {
    Lost(Loss),
    Released,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Renew it now.
    Renew,
    /// Nothing for so long.
    Wait(Duration),
    /// It is over.
    Ended,
}

/// What a write of this hold came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Applied, as the answer or a read-back shows: the hold is valid for longer.
    Confirmed,
    /// Applied, but the record is as it was, and so is the hold.
    Kept,
    /// An earlier write turns out to stand: this one was not applied, and can be sent anew.
    Adopted,
    /// Not applied, or not known to be: the hold is as valid as it was.
    Failed(Failure),
    /// The hold is over.
    Ended,
}

/// A hold on one lock.
#[derive(Debug, Clone, Hash)]
pub struct Hold {
    terms: Terms,
    uid: String,
    confirmed: Written,
    /// Sent after `confirmed`, and not known not to stand.
    open: Vec<Written>,
    /// When the next renewal is due, after `confirmed.read_at` or a failure.
    renew_from: Reading,
    renew_after: Duration,
    end: Option<End>,
}

impl Hold {
    /// A hold whose record stands on the object with this UID.
    pub fn new(terms: Terms, uid: String, confirmed: Written, random: u64) -> Self {
        let (renew_from, renew_after) = (confirmed.read_at, terms.renew_after(random));
        let open = Vec::new();
        Self { terms, uid, confirmed, open, renew_from, renew_after, end: None }
    }

    /// How long it is valid yet; zero once it is over.
    pub fn valid_for(&self, now: Reading) -> Duration {
        if self.end.is_some() {
            return Duration::ZERO;
        }
        self.terms.validity().saturating_sub(now.at_most_since(self.confirmed.read_at))
    }

    /// Loses the hold if its time is over. Says why, if it is lost.
    pub fn check(&mut self, now: Reading) -> Option<&Loss> {
        if self.end.is_none() && self.valid_for(now).is_zero() {
            self.lose(Loss::Deadline);
        }
        self.loss()
    }

    /// Why it was lost, if it was.
    pub fn loss(&self) -> Option<&Loss> {
        match &self.end {
            Some(End::Lost(loss)) => Some(loss),
            _ => None,
        }
    }

    /// Whether it is over, for whatever reason.
    pub fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// Ends it for good, unless it is over already.
    pub fn lose(&mut self, loss: Loss) {
        self.end.get_or_insert(End::Lost(loss));
    }

    /// Ends it for its holder: before the release is sent.
    ///
    /// # Errors
    /// Why it was lost, if it was.
    pub fn release(&mut self, now: Reading) -> Result<(), Loss> {
        if let Some(loss) = self.check(now) {
            return Err(loss.clone());
        }
        self.end = Some(End::Released);
        Ok(())
    }

    /// What is due.
    pub fn next(&mut self, now: Reading) -> Next {
        if self.check(now).is_some() || self.end.is_some() {
            return Next::Ended;
        }
        let left = self.renew_after.saturating_sub(now.at_most_since(self.renew_from));
        if left.is_zero() { Next::Renew } else { Next::Wait(left.min(self.valid_for(now))) }
    }

    /// Notes bytes that are about to be sent in place of the confirmed ones. False if the hold
    /// is over: nothing may be sent then.
    pub fn begin(&mut self, written: Written, now: Reading) -> bool {
        if self.check(now).is_some() || self.end.is_some() {
            return false;
        }
        if Mutant::ForgetsUnresolved.is_on() {
            self.open.clear();
        }
        self.open.push(written);
        true
    }

    /// The UID of the object.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The record that was confirmed last.
    pub fn confirmed(&self) -> &str {
        &self.confirmed.value
    }

    /// The durations of this hold.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Judges what came of sending `value`, as a renewal or with other operations.
    pub fn settle(
        &mut self,
        value: &str,
        is_renewal: bool,
        outcome: Outcome,
        now: Reading,
        random: u64,
    ) -> Verdict {
        if Mutant::RevivesAfterLoss.is_on() && matches!(outcome, Outcome::Changed(_)) {
            self.end = None;
            return self.confirm(value, now, random);
        }
        // At its deadline a hold is lost, whatever the server says later.
        if self.check(now).is_some() {
            return Verdict::Ended;
        }
        match outcome {
            Outcome::Changed(_) => self.confirm(value, now, random),
            Outcome::Applied(_) => self.kept(value),
            Outcome::Vanished(sight) | Outcome::Gone(sight) => self.gone(&sight, now, random),
            Outcome::Failed(Failure::ObjectMissing) => self.ended(Loss::ObjectMissing),
            Outcome::Failed(Failure::Altered) => self.ended(Loss::Altered),
            Outcome::Failed(failure) => {
                // Transient or not, there is time yet: the next renewal comes sooner. What else is
                // written neither hastens nor delays it.
                if is_renewal {
                    (self.renew_from, self.renew_after) = (now, self.terms.retry_after(random));
                }
                self.failed(value, failure)
            }
        }
    }

    /// The own bytes that a read shows, if it shows any.
    pub fn own<'a>(&'a self, sight: &Sight) -> Option<&'a str> {
        let same_object = sight.uid == self.uid || Mutant::NoUidTest.is_on();
        let mut own = std::iter::once(&self.confirmed).chain(&self.open);
        own.find(|own| same_object && sight.shows(&own.value)).map(|own| own.value.as_str())
    }

    fn confirm(&mut self, value: &str, now: Reading, random: u64) -> Verdict {
        let Some(index) = self.open.iter().position(|open| open.value == value) else {
            return Verdict::Confirmed;
        };
        // What was sent before is superseded: it is nobody's, should it come back.
        let later = self.open.split_off(index + 1);
        if let Some(confirmed) = self.open.pop() {
            let superseded = std::mem::replace(&mut self.confirmed, confirmed);
            self.open.push(superseded);
        }
        if Mutant::CountsFromTheAnswer.is_on() {
            self.confirmed.read_at = now;
        }
        if !Mutant::KeepsSuperseded.is_on() {
            self.open.clear();
        }
        self.open.extend(later);
        self.renew_from = self.confirmed.read_at;
        self.renew_after = self.terms.renew_after(random);
        Verdict::Confirmed
    }

    /// Some kinds take no annotations with a subresource.
    fn kept(&mut self, value: &str) -> Verdict {
        self.open.retain(|open| open.value != value);
        Verdict::Kept
    }

    fn gone(&mut self, sight: &Sight, now: Reading, random: u64) -> Verdict {
        if let Some(own) = self.own(sight).map(str::to_owned) {
            self.confirm(&own, now, random);
            return if self.valid_for(now).is_zero() {
                self.ended(Loss::Deadline)
            } else {
                Verdict::Adopted
            };
        }
        let loss = self.loss_of(sight);
        if Mutant::OwnsById.is_on() && loss == Loss::Renewed {
            self.confirmed.value = sight.value.clone().unwrap_or_default();
            return Verdict::Adopted;
        }
        self.ended(loss)
    }

    /// What a sight without the record of this hold says of its end.
    pub fn loss_of(&self, sight: &Sight) -> Loss {
        match sight.value.as_deref().map(Record::decode) {
            _ if sight.uid != self.uid => Loss::ObjectReplaced,
            None => Loss::Removed,
            Some(Ok(record)) if record.hold.is_some() && record.hold == self.id() => Loss::Renewed,
            Some(Ok(record)) => Loss::Replaced(Box::new(record)),
            Some(Err(malformed)) => Loss::Malformed(malformed),
        }
    }

    fn failed(&mut self, value: &str, failure: Failure) -> Verdict {
        if !matches!(failure, Failure::Unknown(_)) {
            self.open.retain(|open| open.value != value);
        }
        Verdict::Failed(failure)
    }

    fn id(&self) -> Option<HoldId> {
        Record::decode(&self.confirmed.value).ok()?.hold
    }

    fn ended(&mut self, loss: Loss) -> Verdict {
        self.lose(loss);
        Verdict::Ended
    }
}

#[cfg(test)]
mod tests;
