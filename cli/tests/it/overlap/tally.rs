//! What happened, in numbers.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;

use super::faults::Fault;

/// Counts of a contest, or of several.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) rounds: usize,
    pub(super) beats: usize,
    pub(super) takeovers: usize,
    pub(super) writes: usize,
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

    fn add(mut self, other: Self) -> Self {
        self.rounds += other.rounds;
        self.beats += other.beats;
        self.takeovers += other.takeovers;
        self.writes += other.writes;
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
        let Self { rounds, beats, takeovers, writes, faults, statuses } = self;
        writeln!(
            formatter,
            "{rounds} rounds, {beats} beats, {takeovers} takeovers, {writes} writes"
        )?;
        writeln!(formatter, "faults: {faults:?}")?;
        writeln!(formatter, "exit statuses: {statuses:?}")
    }
}
