//! What is not known yet about the writes of one call.

use crate::answer::{ReadReply, Refusal, Sight};
use crate::pace::Pace;

/// How often a write may be refused although its tests should have passed.
const REFUSALS_MAX: u8 = 2;
/// How often a request that never left is sent again while nothing else is open.
const NOT_SENT_MAX: u8 = 4;

/// So many races are met without a pause between them.
const RACES_AT_ONCE: u8 = 3;

const NO_ANSWER: &str = "no answer before the deadline";

/// The open ends of one call: all its attempts carry the same bytes.
#[derive(Debug, Clone, Default, Hash)]
pub(crate) struct Doubt {
    unanswered: bool,
    unread_refusal: bool,
    may_have_landed: bool,
    refusals: u8,
    not_sent: u8,
    races: u8,
    last_refusal: Option<Refusal>,
    last_read_refusal: Option<Refusal>,
    last_words: String,
}

/// Why a read brought nothing.
#[derive(Debug)]
pub(crate) enum Setback {
    /// It is to be read again.
    Again(Pace),
    /// The call is over.
    Failed(Failure),
}

/// Why a call ended without having done what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A write may have happened, or happen yet.
    Unknown(String),
    /// The server refused, and a read showed that nothing was written.
    Refused(Refusal),
    /// The verbs of which one is missing, and the server's words.
    Forbidden(Vec<&'static str>, String),
    /// The object does not exist.
    ObjectMissing,
    /// The server stored something else than was sent.
    Altered,
    /// Nothing reached the server.
    Unavailable(String),
    /// The object changed at each attempt until the deadline.
    Contended,
}

impl Failure {
    /// A refusal in RBAC's words becomes one that names the verbs of which one is missing.
    pub(crate) fn naming(self, verbs: &[&'static str]) -> Self {
        match self {
            Self::Refused(refusal) if refusal.denies_verb() => {
                Self::Forbidden(verbs.to_vec(), refusal.message)
            }
            other => other,
        }
    }
}

impl Doubt {
    /// No answer came: from now on only our own bytes, seen, settle the call.
    pub(crate) fn unanswered(&mut self, words: String) {
        self.unanswered = true;
        self.last_words = words;
    }

    /// The write was answered with a refusal; what it means is for a read to tell.
    pub(crate) fn refused(&mut self, refusal: Refusal) {
        self.unread_refusal = true;
        self.may_have_landed |= !refusal.is_throttled() && !refusal.is_plain_forbidden();
        self.last_words.clone_from(&refusal.message);
        self.last_refusal = Some(refusal);
    }

    /// The request never left. Says whether to try again.
    pub(crate) fn not_sent(&mut self, words: &str) -> bool {
        self.not_sent = self.not_sent.saturating_add(1);
        words.clone_into(&mut self.last_words);
        self.unanswered || self.unread_refusal || self.not_sent < NOT_SENT_MAX
    }

    /// What a read brought: `None` is a missing object.
    pub(crate) fn read(&mut self, reply: ReadReply) -> Result<Option<Sight>, Setback> {
        match reply {
            ReadReply::Seen(sight) => Ok(Some(sight)),
            ReadReply::Missing => Ok(None),
            ReadReply::Refused(refusal) if refusal.is_throttled() => {
                let pace = Pace::of(&refusal);
                self.last_read_refusal = Some(refusal);
                Err(Setback::Again(pace))
            }
            ReadReply::Refused(refusal) => Err(Setback::Failed(self.blind(refusal))),
            ReadReply::Unanswered(words) if self.not_sent(&words) => {
                Err(Setback::Again(Pace::BackOff))
            }
            ReadReply::Unanswered(_) => Err(Setback::Failed(self.give_up())),
        }
    }

    /// A read did not show our bytes, so a refusal that was answered is settled. Says whether it
    /// is one that what was seen does not explain: the write should have passed.
    pub(crate) fn settle(&mut self, should_have_passed: bool) -> bool {
        self.not_sent = 0;
        std::mem::take(&mut self.unread_refusal) && should_have_passed
    }

    /// How soon to write again, or why not to: after a refusal that the object explains (a race)
    /// or does not.
    pub(crate) fn write_again(&mut self, inexplicable: bool) -> Result<Pace, Failure> {
        if inexplicable && let Some(failure) = self.refused_too_often() {
            return Err(failure);
        }
        let asked =
            self.last_refusal.as_ref().filter(|refusal| inexplicable || refusal.is_throttled());
        let pace = asked.map_or(Pace::Now, Pace::of);
        if pace != Pace::Now {
            return Ok(pace);
        }
        if !inexplicable {
            self.races = self.races.saturating_add(1);
        }
        let is_patient = self.unanswered || self.races > RACES_AT_ONCE;
        Ok(if is_patient { Pace::BackOff } else { Pace::Now })
    }

    /// The tests should have passed. `Some` when that has now been so too often.
    fn refused_too_often(&mut self) -> Option<Failure> {
        let refusal = self.last_refusal.as_ref()?;
        if refusal.is_throttled() {
            return None;
        }
        self.refusals = self.refusals.saturating_add(1);
        (self.refusals >= REFUSALS_MAX && self.is_settled())
            .then(|| Failure::Refused(refusal.clone()))
    }

    /// Whether every attempt so far is known not to have been applied.
    fn is_settled(&self) -> bool {
        !self.unanswered && !self.unread_refusal
    }

    /// Whether an answer that confirms the write now is that to its only attempt. What was
    /// throttled or lacks a verb never got to be one.
    pub(crate) fn is_first_try(&self) -> bool {
        !self.unanswered && !self.may_have_landed
    }

    /// Whether some attempt got no answer.
    pub(crate) fn has_unanswered(&self) -> bool {
        self.unanswered
    }

    /// Whether another change of the object may be why the last write was refused.
    pub(crate) fn may_be_a_race(&self) -> bool {
        self.last_refusal.as_ref().is_some_and(Refusal::may_be_a_race)
    }

    /// What to say of a write that must not be sent again: it is known what was answered, or
    /// nothing is.
    pub(crate) fn as_it_stands(&self) -> Failure {
        match &self.last_refusal {
            Some(refusal) if !self.unanswered => Failure::Refused(refusal.clone()),
            _ => Failure::Unknown(self.last_words.clone()),
        }
    }

    /// What to say when the deadline has come.
    pub(crate) fn give_up(&self) -> Failure {
        if !self.is_settled() {
            return Failure::Unknown(self.last_words.clone());
        }
        match (&self.last_refusal, &self.last_read_refusal) {
            // Since the last answer nothing came through.
            _ if self.not_sent > 0 => Failure::Unavailable(self.last_words.clone()),
            (Some(refusal), _) if self.refusals > 0 || refusal.is_throttled() => {
                Failure::Refused(refusal.clone())
            }
            (Some(_), _) => Failure::Contended,
            (None, Some(refusal)) => Failure::Refused(refusal.clone()),
            (None, None) => Failure::Unavailable(NO_ANSWER.into()),
        }
    }

    /// What to say when the server refuses to show the object. A write that is open stays so;
    /// and what looks like a failed `test` may follow a success that was lost on its way.
    fn blind(&self, refusal: Refusal) -> Failure {
        let may_follow_a_success = self.unread_refusal
            && self.last_refusal.as_ref().is_some_and(Refusal::may_follow_a_success);
        if self.unanswered || (may_follow_a_success && !refusal.denies_verb()) {
            return Failure::Unknown(self.last_words.clone());
        }
        Failure::Refused(refusal).naming(&["get"])
    }
}
