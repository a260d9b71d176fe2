//! How long a command's calls may take, all together.

use std::time::Duration;

use tokio::time::{Instant, error::Elapsed, timeout_at};

/// The instant by which every answer must be here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    timeout: Duration,
    /// The option that sets it.
    option: &'static str,
}

impl Deadline {
    /// Starts to count now.
    pub(crate) fn after(timeout: Duration) -> Self {
        Self::set_by("--request-timeout", timeout)
    }

    /// The same for one call of a lock that is renewed: a part of its ttl at most.
    #[cfg(unix)]
    pub(crate) fn of_call(timeout: Duration, part: Duration) -> Self {
        if part < timeout { Self::set_by("--ttl", part) } else { Self::after(timeout) }
    }

    fn set_by(option: &'static str, timeout: Duration) -> Self {
        let now = Instant::now();
        // An instant too far to be written down is as good as a year from now.
        let at = now.checked_add(timeout).unwrap_or(now + Duration::from_hours(365 * 24));
        Self { at, timeout, option }
    }

    /// What is left of it: at least a millisecond, so that a call fails of time and not of options.
    pub(crate) fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
    }

    /// The option that gives more time.
    pub(crate) fn option(self) -> &'static str {
        self.option
    }

    /// How long it was at first.
    pub(crate) fn timeout(self) -> Duration {
        self.timeout
    }

    /// Gives up on a future at the deadline.
    pub(crate) async fn bound<F: Future>(self, future: F) -> Result<F::Output, Elapsed> {
        timeout_at(self.at, future).await
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn whoever_wants_more_time_is_told_the_option_that_gives_it() {
        let [short, long] = [Duration::from_secs(5), Duration::from_secs(10)];
        assert_eq!(Deadline::after(long).option(), "--request-timeout");
        assert_eq!(Deadline::of_call(long, short).option(), "--ttl");
        assert_eq!(Deadline::of_call(long, long).option(), "--request-timeout");
        assert_eq!(Deadline::of_call(long, short).timeout(), short);
    }
}
