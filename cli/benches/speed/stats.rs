//! Figures of a sample of durations.

use std::time::Duration;

/// Durations, sorted.
pub struct Sample(Vec<Duration>);

impl Sample {
    pub fn new(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The value below which `percent` of the sample lie.
    pub fn percentile(&self, percent: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * percent / 100).copied().unwrap_or_default()
    }

    /// How much longer the median is than another's.
    pub fn ratio(&self, to: &Self) -> f64 {
        self.percentile(50).as_secs_f64() / to.percentile(50).as_secs_f64()
    }
}

/// `1.234 ms`.
pub fn millis(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1e3)
}
