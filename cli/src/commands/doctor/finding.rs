//! One thing that was looked at.

use crate::failure::Failure;
use crate::sentence::SEE_DOCTOR;

/// What it means for whoever takes a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Ok,
    /// Locks work, though not as well as they could.
    Warning,
    /// Something would go wrong.
    Problem,
    /// It could not be looked at, for a reason that is another finding's.
    Skipped,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
            Self::Skipped => "skipped",
        }
    }
}

/// What was found, and what to do about it.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) verdict: Verdict,
    pub(super) words: String,
    pub(super) remedies: Vec<String>,
}

impl Finding {
    pub(super) fn new(check: &'static str, verdict: Verdict, words: impl Into<String>) -> Self {
        Self { check, verdict, words: words.into(), remedies: Vec::new() }
    }

    pub(super) fn ok(check: &'static str, words: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, words)
    }

    pub(super) fn warning(check: &'static str, words: impl Into<String>) -> Self {
        Self::new(check, Verdict::Warning, words)
    }

    pub(super) fn problem(check: &'static str, words: impl Into<String>) -> Self {
        Self::new(check, Verdict::Problem, words)
    }

    /// What would be the end of another command.
    pub(super) fn failure(check: &'static str, failure: Failure) -> Self {
        let mut finding = Self::problem(check, failure.message);
        // That is what is under way.
        let hints = failure.hints.into_iter().filter(|hint| !hint.starts_with(SEE_DOCTOR));
        finding.remedies = hints.collect();
        finding
    }

    /// Adds a way out.
    #[must_use]
    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedies.push(remedy.into());
        self
    }
}
