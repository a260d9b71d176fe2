//! What happened, in numbers.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;
use std::time::Duration;

use super::faults::Fault;

/// Counts of a contest, or of several.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) rounds: usize,
    pub(super) beats: usize,
    pub(super) takeovers: usize,
    pub(super) writes: usize,
    pub(super) overlaps: usize,
    /// The shortest rest between two commands where the lock was taken over.
    pub(super) nearest: Option<Duration>,
    faults: BTreeMap<String, usize>,
    statuses: BTreeMap<i32, usize>,
}

impl Tally {
    pub(super) fn fault(&mut self, fault: Fault) {
        *self.faults.entry(format!("{fault:?}")).or_default() += 1;
    }

    pub(super) fn status(&mut self, status: i32) {
        *self.statuses.entry(status).or_default() += 1;
    }

    /// How often anything went wrong.
    pub(super) fn faults(&self) -> usize {
        let nothing = format!("{:?}", Fault::Nothing);
        self.faults.iter().filter(|(fault, _)| **fault != nothing).map(|(_, count)| count).sum()
    }

    fn add(mut self, other: Self) -> Self {
        self.rounds += other.rounds;
        self.beats += other.beats;
        self.takeovers += other.takeovers;
        self.writes += other.writes;
        self.overlaps += other.overlaps;
        self.nearest = self.nearest.into_iter().chain(other.nearest).min();
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Self::add)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, beats, takeovers, writes, overlaps, nearest, faults, statuses } = self;
        writeln!(
            formatter,
            "{rounds} rounds, {beats} beats, {takeovers} takeovers, {writes} writes, {overlaps} overlaps"
        )?;
        writeln!(formatter, "shortest rest before a takeover: {nearest:?}")?;
        writeln!(formatter, "faults: {faults:?}")?;
        writeln!(formatter, "exit statuses: {statuses:?}")
    }
}
