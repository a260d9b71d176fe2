//! All that was found.

use super::clock::Offset;
use super::finding::{Finding, Verdict};
use super::latency::Latency;
use super::server::Server;
use crate::query::Glimpse;

/// Findings in their order, and the figures behind them.
#[derive(Debug, Default)]
pub(super) struct Diagnosis {
    pub(super) findings: Vec<Finding>,
    pub(super) server: Server,
    pub(super) offset: Option<Offset>,
    pub(super) latency: Option<Latency>,
}

impl Diagnosis {
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Each answer narrows down how far the clocks are apart.
    pub(super) fn saw(&mut self, glimpse: Option<Glimpse>) {
        let Some(seen) = glimpse.map(Offset::of) else { return };
        self.offset = Some(self.offset.map_or(seen, |offset| offset.narrowed(seen)));
    }

    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }

    pub(super) fn has_problems(&self) -> bool {
        self.count(Verdict::Problem) > 0
    }
}
