//! Who holds the lock by a record alone: callers of `acquire`, and Go peers.

use std::sync::Arc;
use std::time::Duration;

use kubelock::{Record, Timestamp};

use super::super::process::{Process, State};
use super::super::request::short;
use super::{Judge, Rule};

/// A record that its writer counts on for its ttl.
pub(crate) struct PlainFacts {
    pub(super) value: String,
    pub(super) uid: String,
    process: Arc<Process>,
    pub(super) name: String,
    /// True time: it may be long ago, by a clock that is behind.
    until: Timestamp,
    pub(super) revoked_at: Option<Duration>,
    is_ended: bool,
}

impl PlainFacts {
    pub(super) fn is_believed(&self, now: Timestamp) -> bool {
        !self.is_ended
            && self.revoked_at.is_none()
            && self.process.state() != State::Dead
            && now < self.until
    }
}

impl Judge {
    /// A call was told that its record stands. Returns its number.
    pub(crate) fn got_plain(
        &mut self,
        process: &Arc<Process>,
        call: u64,
        record: &Record,
        version: u64,
    ) -> usize {
        self.acquisitions += 1;
        self.ended(call);
        let value = record.encode();
        let name = format!("{}'s {}", process.name, short(Some(&value)));
        let began = self.call(call).map_or(Duration::ZERO, |call| call.began);
        // It may have come to stand again since the answer: with the object made anew.
        let landings = self.history.landings(&value);
        let landings: Vec<_> = landings.filter(|era| era.truth.version <= version).collect();
        let uid = landings.last().map(|era| era.truth.uid.clone()).unwrap_or_default();
        // And before it, by a copy: others have observed it since then.
        let landing = landings.iter().find(|era| era.truth.uid == uid).map(|era| era.since);
        let landed = landing.unwrap_or_default();
        if landing.is_none_or(|since| since < began) {
            self.broken(Rule::ToldGot, || format!("{name} at {version}: it did not stand"));
        }
        // Others count from its stamp, or from when they could see it.
        let from = self.time.stamp(landed).min(record.created_at);
        let ttl = Duration::from_nanos(u64::try_from(record.ttl_nanos).unwrap_or(0));
        let until = from.saturating_add(ttl * self.profile.plain_hundredths() / 100);
        let now = self.history.now();
        let is_there = now.shows(&value) && now.uid == uid;
        let revoked_at = (!is_there).then_some(landed);
        let process = process.clone();
        self.plains.push(PlainFacts {
            value,
            uid,
            process,
            name,
            until,
            revoked_at,
            is_ended: false,
        });
        self.check_exclusion();
        self.plains.len() - 1
    }

    /// Its writer gives it back, or writes another one.
    pub(crate) fn plain_ending(&mut self, number: usize) {
        self.plains[number].is_ended = true;
    }
}
