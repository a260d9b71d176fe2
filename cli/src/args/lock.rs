//! Which lock, and whose.

use kubelock::HoldId;

/// Options that say which lock is meant.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Lock options")]
pub(crate) struct LockArgs {
    /// Object that carries the lock [default: lease/LOCK]
    #[arg(long, value_name = "TYPE/NAME")]
    pub(crate) on: Option<String>,
    /// Annotation prefix [default: kubelock.giantswarm.io]
    #[arg(long, value_name = "PREFIX", env = "KUBELOCK_PREFIX", hide_env_values = true)]
    pub(crate) prefix: Option<String>,
}

/// Whose lock it is.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Lock options")]
pub(crate) struct OwnerArgs {
    /// Who holds the lock [default: user@host]
    #[arg(long, value_name = "OWNER", env = "KUBELOCK_OWNER", hide_env_values = true)]
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    owner: Option<String>,
}

/// Whose lock it is: an owner's, or that of one hold.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Lock options")]
pub(crate) struct ClaimantArgs {
    #[command(flatten)]
    owner: OwnerArgs,
    /// Id of the hold that has the lock, instead of its owner
    #[arg(long, value_name = "ID", value_parser = hold_id)]
    hold: Option<HoldId>,
}

impl ClaimantArgs {
    /// The owner, and the hold if one was named.
    pub(crate) fn into_parts(self) -> (String, Option<HoldId>) {
        (self.owner.into_owner(), self.hold)
    }
}

fn hold_id(text: &str) -> Result<HoldId, String> {
    HoldId::new(text).map_err(|error| error.to_string())
}

impl OwnerArgs {
    pub(crate) fn into_owner(self) -> String {
        self.owner.unwrap_or_else(crate::owner::default)
    }
}
