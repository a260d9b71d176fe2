//! Whether to wait for a lock that somebody else has.

use std::time::Duration;

use kubelock::Wait;

use super::duration;

/// Options of a command that waits unless it is told not to.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Lock options")]
pub(crate) struct WaitArgs {
    /// Wait so long for the lock [default: without end]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, conflicts_with = "no_wait")]
    #[expect(clippy::option_option, reason = "without a duration it is given, too")]
    wait: Option<Option<Duration>>,
    /// Do not wait for the lock
    #[arg(long)]
    no_wait: bool,
}

impl WaitArgs {
    pub(crate) fn wait(&self) -> Wait {
        match self.wait {
            _ if self.no_wait => Wait::No,
            Some(Some(span)) => Wait::For(span),
            Some(None) | None => Wait::Forever,
        }
    }
}
