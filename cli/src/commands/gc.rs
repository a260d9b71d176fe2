//! `kubelock gc`: delete the Leases that kubelock made and nobody uses.

mod leases;

use std::time::{Duration, SystemTime};

use kubelock::{CancellationToken, IdleLease, PathSegment, Timestamp};

use super::interrupts::{Interrupts, Worked};
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::duration;
use crate::client::{self, Connection};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint::Flags;
use crate::output::idle::{self, Outcome};
use crate::output::{Format, talk};
use crate::program;
use leases::{Deleted, Leases};

/// Delete Leases that kubelock made and nobody uses
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GcArgs {
    /// In all namespaces, whatever -n says
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// How long nobody must have taken or renewed a lock there
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration::parse)]
    older_than: Duration,
    /// Show what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
    /// How to print what is deleted: table, wide, json, yaml or name
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "table",
        hide_possible_values = true
    )]
    output: Format,
}

const EXAMPLES: &str = "\
Examples:
  kubelock gc -n ci --dry-run
  kubelock gc -A --older-than 168h

A Lease goes if kubelock made it, it carries no lock and nothing of anybody else's, and nobody has
used it for so long. Whoever takes a lock on it meanwhile keeps it; later locks make it anew.
Exit status: 0 done, even if there was nothing to do; 1 one could not be deleted, 15 unknown";

pub(crate) async fn run(
    args: GcArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    cluster.namespace.as_deref().map(PathSegment::namespace).transpose()?;
    let connection = client::connect(cluster, common.verbose)?;
    let mut interrupts = Interrupts::take_over()?;
    let namespace = (!args.all_namespaces).then(|| connection.namespace.clone());
    let place = place(namespace.as_deref());
    let flags = Flags::of_cluster(cluster);
    let leases = leases(&connection, namespace, cluster, &flags);
    let now = Timestamp::from(SystemTime::now());
    let idle = interrupts.at_once(leases.idle(now, args.older_than)).await?;
    if args.dry_run {
        interrupts.let_go();
        idle::print(args.output, &idle, Outcome::Planned, now)?;
        talk::note(common, &format!("would delete {} {place}", counted(idle.len())));
        return Ok(Exit::Done);
    }
    let stop = CancellationToken::new();
    let mut deleted = Vec::new();
    let work = delete(&leases, idle, &mut deleted, &stop);
    let Worked { result, signal } = interrupts.in_order(&stop, work).await;
    let result = result.unwrap_or_else(|| Err(broken_off()));
    interrupts.let_go();
    idle::print(args.output, &deleted, Outcome::Deleted, now)?;
    if result.is_ok() || !deleted.is_empty() {
        talk::note(common, &format!("deleted {} {place}", counted(deleted.len())));
    }
    if let Some(signal) = signal {
        result.unwrap_or_else(|failure| talk::failure(&failure));
        interrupts.die(signal);
    }
    result.map(|()| Exit::Done)
}

fn leases<'a>(
    connection: &'a Connection,
    namespace: Option<String>,
    cluster: &ClusterArgs,
    flags: &'a Flags,
) -> Leases<'a> {
    Leases { connection, namespace, timeout: cluster.request_timeout, flags }
}

/// Notes those that were deleted, and says why not all were.
async fn delete(
    leases: &Leases<'_>,
    idle: Vec<IdleLease>,
    deleted: &mut Vec<IdleLease>,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    for lease in idle {
        if stop.is_cancelled() {
            break;
        }
        match leases.delete(&lease).await? {
            Deleted::Gone => deleted.push(lease),
            // Somebody uses it again, or has deleted it.
            Deleted::Kept => {}
        }
    }
    Ok(())
}

/// Somebody did not want to wait for the last one.
fn broken_off() -> Failure {
    let message = "interrupted: a deletion that is under way may yet happen";
    Failure::new(Exit::Unknown, message)
        .hint(format!("look with: {} gc --dry-run", program::name()))
}

fn counted(count: usize) -> String {
    match count {
        0 => "nothing".to_owned(),
        1 => "1 idle Lease".to_owned(),
        count => format!("{count} idle Leases"),
    }
}

fn place(namespace: Option<&str>) -> String {
    namespace.map_or_else(
        || "in all namespaces".to_owned(),
        |namespace| format!("in namespace {namespace}"),
    )
}
