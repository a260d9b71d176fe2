//! How soon to take the next step.

use std::time::Duration;

use crate::answer::Refusal;

/// How soon to take a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At once.
    Now,
    /// After a pause that grows with each such step.
    BackOff,
    /// When the server asked to be asked again.
    After(Duration),
}

impl Pace {
    /// How soon to come back after this refusal.
    pub(crate) fn of(refusal: &Refusal) -> Self {
        match refusal.retry_after {
            Some(pause) => Self::After(pause),
            None if refusal.is_throttled() => Self::BackOff,
            None => Self::Now,
        }
    }
}
