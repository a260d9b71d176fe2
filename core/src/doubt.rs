//! What is not known yet about the writes of one call.

use crate::answer::Refusal;

/// How often a write may be refused although its tests should have passed.
const REFUSALS_MAX: u8 = 2;
/// How often a request that never left is sent again while nothing else is open.
const NOT_SENT_MAX: u8 = 4;

const NO_ANSWER: &str = "no answer before the deadline";

/// The open ends of one call: all its attempts carry the same bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doubt {
    unanswered: bool,
    unread_refusal: bool,
    refusals: u8,
    not_sent: u8,
    last_refusal: Option<Refusal>,
    last_words: String,
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
        self.last_words.clone_from(&refusal.message);
        self.last_refusal = Some(refusal);
    }

    /// The request never left. Says whether to try again.
    pub(crate) fn not_sent(&mut self, words: &str) -> bool {
        self.not_sent += 1;
        words.clone_into(&mut self.last_words);
        self.unanswered || self.unread_refusal || self.not_sent < NOT_SENT_MAX
    }

    /// A read was not answered. Says whether to try again: as long as a write is open, else a few times.
    pub(crate) fn read_unanswered(&mut self, words: &str) -> bool {
        self.not_sent(words)
    }

    /// A read was answered and did not show our bytes: an answered refusal is settled.
    pub(crate) fn read(&mut self) {
        self.unread_refusal = false;
        self.not_sent = 0;
    }

    /// The tests should have passed. `Some` when that has now been so too often.
    pub(crate) fn inexplicable(&mut self) -> Option<Failure> {
        let refusal = self.last_refusal.as_ref()?;
        if refusal.is_throttled() {
            return None;
        }
        self.refusals += 1;
        (self.refusals >= REFUSALS_MAX && self.is_settled())
            .then(|| Failure::Refused(refusal.clone()))
    }

    /// Whether every attempt so far is known not to have been applied.
    pub(crate) fn is_settled(&self) -> bool {
        !self.unanswered && !self.unread_refusal
    }

    /// Whether a refusal waits for the read that tells what it means.
    pub(crate) fn has_unread_refusal(&self) -> bool {
        self.unread_refusal
    }

    /// Whether some attempt got no answer.
    pub(crate) fn has_unanswered(&self) -> bool {
        self.unanswered
    }

    pub(crate) fn last_refusal(&self) -> Option<&Refusal> {
        self.last_refusal.as_ref()
    }

    /// What to say when the deadline has come.
    pub(crate) fn give_up(&self) -> Failure {
        if !self.is_settled() {
            return Failure::Unknown(self.last_words.clone());
        }
        match &self.last_refusal {
            Some(refusal) if self.refusals > 0 || refusal.is_throttled() => {
                Failure::Refused(refusal.clone())
            }
            Some(_) => Failure::Contended,
            None if self.last_words.is_empty() => Failure::Unavailable(NO_ANSWER.into()),
            None => Failure::Unavailable(self.last_words.clone()),
        }
    }

    /// What to say when the server refuses to show the object: after an attempt without an
    /// answer nothing can settle the call any more.
    pub(crate) fn blind(&self, refusal: Refusal) -> Failure {
        if self.unanswered {
            return Failure::Unknown(self.last_words.clone());
        }
        Failure::Refused(refusal).naming(&["get"])
    }
}
