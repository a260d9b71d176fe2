//! Whether to wait for a lock.

use std::time::Duration;

use kubelock::Wait;

use super::duration;

/// What `--wait` without a duration stands for.
const FOREVER: &str = "forever";

/// Options that say how long to wait.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Lock options")]
pub(crate) struct WaitArgs {
    /// Wait while another has the lock: without end, or for so long
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = FOREVER)]
    #[arg(value_parser = parse, allow_hyphen_values = false, overrides_with = "no_wait")]
    wait: Option<Wait>,
    /// Answer at once if another has the lock
    #[arg(long, overrides_with = "wait")]
    no_wait: bool,
}

impl WaitArgs {
    /// What was asked for, or else `default`.
    pub(crate) fn or(&self, default: Wait) -> Wait {
        if self.no_wait { Wait::No } else { self.wait.unwrap_or(default) }
    }
}

fn parse(text: &str) -> Result<Wait, String> {
    if text == FOREVER {
        return Ok(Wait::Forever);
    }
    match duration::parse(text) {
        Ok(Duration::ZERO) => Ok(Wait::No),
        Ok(span) => Ok(Wait::For(span)),
        Err(why) => Err(format!("{why}; put --wait behind LOCK to wait without end")),
    }
}
