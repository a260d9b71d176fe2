//! What can go wrong, one situation a variant.

use std::time::Duration;

use kubelock_core::hold::Loss;
use kubelock_core::name::{InvalidName, quoted};
use kubelock_core::record::{Malformed, Record};
use kubelock_core::terms::InvalidTerms;
use kubelock_core::timestamp::Timestamp;
use kubelock_core::ttl::InvalidTtl;

use crate::lock_ref::LockRef;

/// Why a call did not do what it was asked for.
///
/// Match with the predicates: they stay, variants may come.
///
/// # Examples
/// ```
/// use kubelock::Error;
///
/// /// What an operator does next.
/// fn next(error: &Error) -> &'static str {
///     if error.is_owner_mismatch() || error.is_already_exists() || error.is_still_live() {
///         "come back later"
///     } else if error.is_outcome_unknown() {
///         "look before doing anything else: the lock may be ours"
///     } else if error.is_lost() {
///         "stop the work"
///     } else if error.is_unavailable() || error.is_contended() || error.is_cancelled() {
///         "try again: nothing was written"
///     } else if error.is_forbidden() || error.is_refused() || error.is_altered() {
///         "tell the cluster's administrator"
///     } else if error.is_malformed() || error.is_object_missing() || error.is_not_found() {
///         "look at the object"
///     } else if error.is_object_terminating() || error.is_unordered() {
///         "take another object"
///     } else {
///         "mend the call"
///     }
/// }
///
/// let error = Error::InvalidConfig("owner is too long".into());
/// assert!(error.is_invalid_config());
/// assert_eq!(next(&error), "mend the call");
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument was refused before anything was sent.
    #[error("{0}")]
    InvalidConfig(String),

    /// This owner holds the lock already.
    #[error("{} is already held by {}", .0.lock, .0.describe())]
    AlreadyExists(Box<Held>),

    /// Another owner, or another hold, has the lock.
    #[error("{} is held by {}", .0.lock, .0.describe())]
    OwnerMismatch(Box<Held>),

    /// The lock is to be broken, but has not expired: its holder may be at work.
    #[error("{} is live, held by {}", .0.lock, .0.describe())]
    StillLive(Box<Held>),

    /// There is no such lock, or it has expired.
    #[error("{lock} is not held{}", expired_note(.expired.as_deref()))]
    NotFound {
        /// Which lock.
        lock: Box<LockRef>,
        /// The record that stands there, if it has expired.
        expired: Option<Box<Record>>,
    },

    /// The object that should carry the lock does not exist.
    #[error("cannot find {} for {lock}", .lock.object_display())]
    ObjectMissing {
        /// Which lock.
        lock: Box<LockRef>,
    },

    /// The annotation holds something that is no record of a lock: held by nobody knows whom.
    #[error("{lock} carries a malformed record")]
    Malformed {
        /// Which lock.
        lock: Box<LockRef>,
        /// What is wrong with it.
        source: Malformed,
    },

    /// The API server does not allow this user what the call needs.
    #[error("not allowed to {} {} for {lock}: {message}", .verbs.join(" or "), .lock.object_display())]
    Forbidden {
        /// Which lock.
        lock: Box<LockRef>,
        /// The verbs of which one is missing.
        verbs: Vec<&'static str>,
        /// The server's words.
        message: String,
    },

    /// The API server, a policy or a webhook refused; nothing was written.
    #[error("the API server refused the request for {lock} ({code}{}): {message}", reason_note(.reason))]
    Refused {
        /// Which lock.
        lock: Box<LockRef>,
        /// The HTTP status.
        code: u16,
        /// The reason in the server's Status, if any.
        reason: String,
        /// The server's words.
        message: String,
    },

    /// The server confirmed the write, but its answer shows something else than was sent.
    #[error("{lock} was altered while it was written (a webhook or policy changes its annotation)")]
    Altered {
        /// Which lock.
        lock: Box<LockRef>,
    },

    /// The write may have happened, and may still happen.
    #[error("the outcome for {lock} is unknown until {settled_at}: {message}")]
    OutcomeUnknown {
        /// Which lock.
        lock: Box<LockRef>,
        /// From then on (by this machine's wall clock) it no longer matters: the request is
        /// dead, and a record that it left has expired for everybody.
        settled_at: Timestamp,
        /// The last that was heard.
        message: String,
    },

    /// The API server could not be reached, did not answer or failed; nothing was written.
    #[error("the API server is not available for {lock}: {message}")]
    Unavailable {
        /// Which lock.
        lock: Box<LockRef>,
        /// The last that was heard.
        message: String,
    },

    /// The hold on the lock was lost.
    #[error("{lock} was lost: {loss}{}", if *.unknown { "; an attempt got no answer, and may have been applied before" } else { "" })]
    Lost {
        /// Which lock.
        lock: Box<LockRef>,
        /// Why.
        loss: Box<Loss>,
        /// For a guarded write: an attempt got no answer. It may have been applied before the
        /// lock was lost; it was not afterwards.
        unknown: bool,
    },

    /// The object that carries the lock is being deleted, and waits for its finalizers.
    #[error("{} for {lock} is being deleted", .lock.object_display())]
    ObjectTerminating {
        /// Which lock.
        lock: Box<LockRef>,
    },

    /// The API server gives resourceVersions that have no order, so there is no fencing token.
    #[error("{} for {lock} has a resourceVersion that is no decimal number: without an order there is no fencing token", .lock.object_display())]
    Unordered {
        /// Which lock.
        lock: Box<LockRef>,
    },

    /// The caller ended the call early; nothing of it stands, nor will.
    #[error("the call for {lock} was cancelled")]
    Cancelled {
        /// Which lock.
        lock: Box<LockRef>,
    },

    /// Others changed the lock or its object at each attempt until the deadline; nothing was written.
    #[error("the object of {lock} changed at each attempt for {deadline:?}")]
    Contended {
        /// Which lock.
        lock: Box<LockRef>,
        /// The call's deadline.
        deadline: Duration,
    },
}

/// A lock in somebody's hands, as it was seen.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Held {
    /// Which lock.
    pub lock: LockRef,
    /// Whose, since when, for how long.
    pub record: Record,
    /// When it was seen, by this machine's wall clock.
    pub seen_at: Timestamp,
    /// Where a call waits for this holder: so long after that it may take the lock over, unless
    /// the record is renewed.
    pub free_after: Option<Duration>,
}

impl Error {
    /// Whether an argument was refused before anything was sent.
    pub fn is_invalid_config(&self) -> bool {
        matches!(self, Self::InvalidConfig(_))
    }

    /// Whether this owner holds the lock already.
    pub fn is_already_exists(&self) -> bool {
        matches!(self, Self::AlreadyExists(_))
    }

    /// Whether another owner has the lock.
    pub fn is_owner_mismatch(&self) -> bool {
        matches!(self, Self::OwnerMismatch(_))
    }

    /// Whether the lock was not broken since it has not expired.
    pub fn is_still_live(&self) -> bool {
        matches!(self, Self::StillLive(_))
    }

    /// Whether there is no such lock, or it has expired.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether the object itself does not exist.
    pub fn is_object_missing(&self) -> bool {
        matches!(self, Self::ObjectMissing { .. })
    }

    /// Whether the annotation is no record of a lock.
    pub fn is_malformed(&self) -> bool {
        matches!(self, Self::Malformed { .. })
    }

    /// Whether a permission is missing.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Forbidden { .. })
    }

    /// Whether the API server, a policy or a webhook refused.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Whether the server stored something else than was sent.
    pub fn is_altered(&self) -> bool {
        matches!(self, Self::Altered { .. })
    }

    /// Whether the write may have happened.
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown { .. })
    }

    /// Whether the API server could not be reached, and nothing was written.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether others changed the object at each attempt.
    pub fn is_contended(&self) -> bool {
        matches!(self, Self::Contended { .. })
    }

    /// Whether the caller ended the call early, and nothing of it stays.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled { .. })
    }

    /// Whether the hold on the lock was lost.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }

    /// Whether the object is being deleted.
    pub fn is_object_terminating(&self) -> bool {
        matches!(self, Self::ObjectTerminating { .. })
    }

    /// Whether the server's versions have no order.
    pub fn is_unordered(&self) -> bool {
        matches!(self, Self::Unordered { .. })
    }

    /// The situation in one stable word, for spans and metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::InvalidConfig(_) => "invalid_config",
            Self::AlreadyExists(_) => "already_exists",
            Self::OwnerMismatch(_) => "owner_mismatch",
            Self::StillLive(_) => "still_live",
            Self::NotFound { .. } => "not_found",
            Self::ObjectMissing { .. } => "object_missing",
            Self::Malformed { .. } => "malformed",
            Self::Forbidden { .. } => "forbidden",
            Self::Refused { .. } => "refused",
            Self::Altered { .. } => "altered",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::Unavailable { .. } => "unavailable",
            Self::Contended { .. } => "contended",
            Self::Cancelled { .. } => "cancelled",
            Self::Lost { .. } => "lost",
            Self::ObjectTerminating { .. } => "object_terminating",
            Self::Unordered { .. } => "unordered",
        }
    }

    /// The lock in question, if the call got that far.
    pub fn lock(&self) -> Option<&LockRef> {
        match self {
            Self::InvalidConfig(_) => None,
            Self::AlreadyExists(held) | Self::OwnerMismatch(held) | Self::StillLive(held) => {
                Some(&held.lock)
            }
            Self::NotFound { lock, .. }
            | Self::ObjectMissing { lock }
            | Self::Malformed { lock, .. }
            | Self::Forbidden { lock, .. }
            | Self::Refused { lock, .. }
            | Self::Altered { lock }
            | Self::OutcomeUnknown { lock, .. }
            | Self::Unavailable { lock, .. }
            | Self::Contended { lock, .. }
            | Self::Cancelled { lock }
            | Self::Lost { lock, .. }
            | Self::ObjectTerminating { lock }
            | Self::Unordered { lock } => Some(lock),
        }
    }

    /// Who holds the lock, where the error tells.
    pub fn held(&self) -> Option<&Held> {
        match self {
            Self::AlreadyExists(held) | Self::OwnerMismatch(held) | Self::StillLive(held) => {
                Some(held)
            }
            _ => None,
        }
    }
}

impl Held {
    /// `"alice" since 2026-03-25T10:00:00Z for 5m`.
    fn describe(&self) -> String {
        let record = &self.record;
        format!(
            "{} since {} for {}",
            quoted(&record.owner),
            record.created_at,
            kubelock_core::ttl::DisplayNanos(record.ttl_nanos)
        )
    }
}

impl From<InvalidName> for Error {
    fn from(error: InvalidName) -> Self {
        Self::InvalidConfig(error.to_string())
    }
}

impl From<InvalidTtl> for Error {
    fn from(error: InvalidTtl) -> Self {
        Self::InvalidConfig(error.to_string())
    }
}

impl From<InvalidTerms> for Error {
    fn from(error: InvalidTerms) -> Self {
        Self::InvalidConfig(error.to_string())
    }
}

fn expired_note(expired: Option<&Record>) -> String {
    expired
        .map(|record| {
            format!(" (that of {} expired at {})", quoted(&record.owner), record.expires_at())
        })
        .unwrap_or_default()
}

fn reason_note(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" {reason}") }
}
