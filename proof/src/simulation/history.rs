//! What really stood on the object, and when.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::request::{Step, hold_of, short};
use super::store::KEY;

/// The object at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Truth {
    /// Empty where there is no object.
    pub(crate) uid: String,
    pub(crate) version: u64,
    pub(crate) value: Option<String>,
    /// The id of the hold whose record it is.
    pub(crate) hold: Option<String>,
    pub(crate) is_dying: bool,
}

impl Truth {
    pub(crate) fn of(object: &Value) -> Self {
        let metadata = &object["metadata"];
        let text = |field: &str| metadata[field].as_str().unwrap_or_default().to_owned();
        let value = metadata["annotations"][KEY].as_str().map(str::to_owned);
        Self {
            hold: value.as_deref().and_then(hold_of),
            uid: text("uid"),
            version: text("resourceVersion").parse().unwrap_or_default(),
            value,
            is_dying: metadata["deletionTimestamp"].is_string(),
        }
    }

    pub(crate) fn exists(&self) -> bool {
        !self.uid.is_empty()
    }

    pub(crate) fn shows(&self, value: &str) -> bool {
        self.value.as_deref() == Some(value)
    }

    fn is_same_record(&self, other: &Self) -> bool {
        self.uid == other.uid && self.value == other.value && self.is_dying == other.is_dying
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.exists() {
            return f.write_str("nothing");
        }
        let dying = if self.is_dying { " dying" } else { "" };
        write!(f, "{} at {}{dying}", short(self.value.as_deref()), self.version)
    }
}

/// Who changed the object.
#[derive(Debug, Clone)]
pub(crate) enum Author {
    /// A request of a process.
    Request { process: usize, name: String, step: Step, call: u64 },
    /// Somebody outside of the protocol.
    Outsider(&'static str),
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { name, step, .. } => write!(f, "{name}'s {step:?}"),
            Self::Outsider(who) => f.write_str(who),
        }
    }
}

/// One state of the object, since when.
#[derive(Debug, Clone)]
pub(crate) struct Era {
    pub(crate) since: Duration,
    pub(crate) truth: Truth,
    /// Whether who made it so was to respect what stood there before.
    pub(crate) by_participant: bool,
    /// Whether somebody outside of the protocol made it so.
    pub(crate) by_outsider: bool,
}

/// All states of the object that differ in more than what the lock does not care for.
#[derive(Debug)]
pub(crate) struct History {
    eras: Vec<Era>,
}

impl History {
    /// There was nothing at first.
    pub(crate) fn new() -> Self {
        Self {
            eras: vec![Era {
                since: Duration::ZERO,
                truth: Truth::default(),
                by_participant: false,
                by_outsider: true,
            }],
        }
    }

    pub(crate) fn note(&mut self, era: Era) {
        if !self.eras.last().is_some_and(|last| last.truth.is_same_record(&era.truth)) {
            self.eras.push(era);
        }
    }

    pub(crate) fn now(&self) -> &Truth {
        // There is always one.
        &self.eras[self.eras.len() - 1].truth
    }

    /// How it is, and since when.
    pub(crate) fn present(&self) -> Option<(&Truth, Duration)> {
        self.eras.last().map(|era| (&era.truth, era.since))
    }

    /// Whether the object was so at some instant from `from` on.
    pub(crate) fn ever(&self, from: Duration, mut was: impl FnMut(&Truth) -> bool) -> bool {
        self.since(from).any(|era| was(&era.truth))
    }

    /// The states from `from` on, with the one that it fell into; the latest first.
    pub(crate) fn since(&self, from: Duration) -> impl Iterator<Item = &Era> {
        let mut is_first = true;
        self.eras.iter().rev().take_while(move |era| {
            let goes_on = is_first;
            is_first = era.since > from;
            goes_on
        })
    }

    /// Each time that this value came to stand on an object.
    pub(crate) fn landings(&self, value: &str) -> impl Iterator<Item = &Era> {
        let pairs = self.eras.iter().zip(self.eras.iter().skip(1));
        pairs.filter_map(move |(before, era)| {
            let stood = before.truth.shows(value) && before.truth.uid == era.truth.uid;
            (era.truth.shows(value) && !stood).then_some(era)
        })
    }
}
