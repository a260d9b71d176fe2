//! What many schedules came to.

use std::fmt;
use std::time::Duration;

use super::coverage::Coverage;
use super::schedule::Report;

/// The sums of reports.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// How many schedules there were.
    pub schedules: u64,
    /// Of those, how many were too short to show anything.
    pub thin: u64,
    /// How often a lock was had.
    pub acquisitions: u64,
    /// How many requests were sent.
    pub requests: u64,
    /// How often tasks were polled.
    pub steps: u64,
    /// How long they took in their own time.
    pub virtual_time: Duration,
    /// Which faults met which steps.
    pub coverage: Coverage,
}

impl Tally {
    /// Adds a schedule.
    pub fn add(&mut self, report: &Report) {
        self.schedules += 1;
        self.thin += u64::from(report.is_thin());
        self.acquisitions += report.acquisitions;
        self.requests += report.requests;
        self.steps += report.steps;
        self.virtual_time += report.virtual_time;
        self.coverage.add(&report.coverage);
    }

    /// Adds what another thread has run.
    pub fn merge(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.thin += other.thin;
        self.acquisitions += other.acquisitions;
        self.requests += other.requests;
        self.steps += other.steps;
        self.virtual_time += other.virtual_time;
        self.coverage.add(&other.coverage);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schedules, thin, acquisitions, requests, steps, .. } = self;
        let hours = self.virtual_time.as_secs_f64() / 3_600.0;
        writeln!(f, "{}", self.coverage)?;
        write!(
            f,
            "{schedules} schedules ({thin} thin): {acquisitions} acquisitions, {requests} requests, {} faults, {steps} steps, {hours:.1} hours of their own",
            self.coverage.faults()
        )
    }
}
