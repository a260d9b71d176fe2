//! Which cluster, as whom: the flags that kubectl has, too.

use std::path::PathBuf;
use std::time::Duration;

use super::duration;

/// Options that mean what they mean to kubectl.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cluster options, as in kubectl")]
pub(crate) struct ClusterArgs {
    /// Namespace of the object [default: that of the context]
    #[arg(short, long, global = true, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// Context of the kubeconfig to use
    #[arg(long, global = true, value_name = "CONTEXT")]
    pub(crate) context: Option<String>,
    /// Kubeconfig file [default: where kubectl looks]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// User to impersonate
    #[arg(long = "as", global = true, value_name = "USER")]
    pub(crate) as_user: Option<String>,
    /// Group to impersonate, repeatable
    #[arg(long = "as-group", global = true, value_name = "GROUP")]
    pub(crate) as_groups: Vec<String>,
    /// Time limit for all calls, in `run` for each
    #[arg(long, global = true, value_name = "DURATION", default_value = "10s", value_parser = positive)]
    #[arg(allow_hyphen_values = true)]
    pub(crate) request_timeout: Duration,
}

fn positive(text: &str) -> Result<Duration, String> {
    let timeout = duration::parse(text)?;
    if timeout.is_zero() {
        return Err("every call has a deadline here: it must be longer than zero".to_owned());
    }
    Ok(timeout)
}
