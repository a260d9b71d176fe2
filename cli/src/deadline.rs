//! How long a command's calls may take, all together.

use std::time::Duration;

use tokio::time::{Instant, error::Elapsed, timeout_at};

/// The instant by which every answer must be here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    timeout: Duration,
}

impl Deadline {
    /// Starts to count now.
    pub(crate) fn after(timeout: Duration) -> Self {
        let now = Instant::now();
        // An instant too far to be written down is as good as a year from now.
        let at = now.checked_add(timeout).unwrap_or(now + Duration::from_hours(365 * 24));
        Self { at, timeout }
    }

    /// What is left of it: at least a millisecond, so that a call fails of time and not of options.
    pub(crate) fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
    }

    /// What `--request-timeout` said.
    pub(crate) fn timeout(self) -> Duration {
        self.timeout
    }

    /// Gives up on a future at the deadline.
    pub(crate) async fn bound<F: Future>(self, future: F) -> Result<F::Output, Elapsed> {
        timeout_at(self.at, future).await
    }
}
