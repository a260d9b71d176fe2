//! The rules that are checked.

use std::fmt;
use std::time::Duration;

/// What must hold at every instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// No two believe that they validly hold the lock.
    Exclusion,
    /// Nobody's record is replaced while he validly holds the lock.
    Robbed,
    /// A hold whose record was removed is not renewed any more.
    Revocation,
    /// A hold is valid for no longer than its ttl less a margin, from when its bytes were first sent.
    Validity,
    /// A holder notices soon that his time is over.
    Deadline,
    /// A hold that was lost stays lost.
    LostIsFinal,
    /// Fencing tokens grow.
    TokenOrder,
    /// A token is no smaller than the version at which its hold's record came to stand.
    TokenAge,
    /// A guarded write is applied on the record of its own hold alone.
    GuardedAlone,
    /// A guarded write is applied once at most.
    GuardedOnce,
    /// What is told of a guarded write is true.
    GuardedTruth,
    /// Who is told that he has the lock had it: his record stood.
    ToldGot,
    /// Who is told of a holder is told of one that was there meanwhile.
    ToldHeld,
    /// What was told to be refused, held by others or unavailable leaves nothing.
    ToldNothing,
    /// What was told to be settled is.
    ToldSettled,
    /// What was told to be released is gone.
    ToldReleased,
    /// What was told to be lost is, and for that reason.
    ToldLost,
    /// A hold is over before its release is sent.
    EndsBeforeRelease,
    /// No lock is taken for a hold on an object that is being deleted.
    Dying,
    /// What a call leaves that gave up is removed.
    Leftovers,
    /// A free lock is taken by who waits for it, and is not cut off from it.
    Idle,
    /// Once faults stop, everybody who waits gets the lock.
    Progress,
    /// Nothing panics.
    Panic,
}

/// A rule that was broken.
#[derive(Debug, Clone)]
pub struct Breach {
    /// Which one.
    pub rule: Rule,
    /// When, since the world began.
    pub at: Duration,
    /// By whom, and how.
    pub how: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:.3} s: {}", self.rule, self.at.as_secs_f64(), self.how)
    }
}
