//! `kubelock get [LOCK...]`: who holds what.

mod direct;
mod following;
mod known;
mod listing;
mod order;
mod scope;

use super::session::Session;
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::lock::LockArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Format;
use crate::output::printer::Namespaces;
use crate::target::Carrier;
use order::Order;
use scope::Scope;

/// Show who holds a lock, since when and for how long
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GetArgs {
    /// Names of the locks [default: all]
    #[arg(value_name = "LOCK")]
    locks: Vec<String>,
    /// How to print: table, wide, json, yaml or name
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "table",
        hide_possible_values = true
    )]
    output: Format,
    /// Go on, and print what changes
    #[arg(short, long)]
    watch: bool,
    /// Sort by age, expires, owner or lock
    #[arg(long, value_name = "COLUMN", hide_possible_values = true)]
    sort_by: Option<Order>,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Options that say where to look.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Lock options")]
struct PlaceArgs {
    /// Objects that carry them, repeatable [default: lease/LOCK, or leases]
    #[arg(long, value_name = "TYPE[/NAME]", conflicts_with = "all_kinds")]
    on: Vec<String>,
    /// Look at all kinds of objects that can carry locks
    #[arg(long)]
    all_kinds: bool,
    /// Look in all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Look at objects with these labels, as kubectl selects them
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// Annotation prefix [default: kubelock.giantswarm.io]
    #[arg(long, value_name = "PREFIX", env = "KUBELOCK_PREFIX", hide_env = true)]
    prefix: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  kubelock get deploy -n ci
  kubelock get schema seed --on configmap/app -o wide
  kubelock get -A --all-kinds --sort-by expires
  kubelock get deploy -w -o json

Exit status: 0 all that are named are held, 12 one is not or has expired, 1 one could not be read";

/// What the parts of this command share.
struct Command<'a> {
    session: Session,
    common: &'a CommonArgs,
    scope: Scope,
    format: Format,
    order: Option<Order>,
}

impl Command<'_> {
    fn namespaces(&self) -> Namespaces {
        if self.scope.all_namespaces { Namespaces::Shown } else { Namespaces::Left }
    }
}

pub(crate) async fn run(
    args: GetArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let GetArgs { locks, output: format, watch, sort_by: order, place } = args;
    let on = LockArgs { on: None, prefix: place.prefix.clone() };
    let scope = Scope::parse(&locks, place, cluster.namespace.as_deref())?;
    let session = Session::open(&Carrier::Lease, &on, cluster, common)?;
    let command = Command { session, common, scope, format, order };
    match (watch, command.scope.carriers()) {
        (false, Some(carriers)) => direct::run(&command, &carriers).await,
        (false, None) => listing::run(&command).await,
        (true, _) => following::run(&command).await,
    }
}
