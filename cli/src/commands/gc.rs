//! `kubelock gc`: delete the Leases that kubelock made and nobody uses.

mod leases;

use std::collections::BTreeSet;
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
    #[arg(allow_hyphen_values = true)]
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
    let namespace = if args.all_namespaces { None } else { Some(connection.checked_namespace()?) };
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
    let mut swept = Swept::default();
    let work = sweep(&leases, idle, &mut swept, &stop);
    let Worked { result, signal } = interrupts.in_order(&stop, work).await;
    if result.is_none() {
        swept.failures.push(leases.broken_off(args.older_than));
    }
    interrupts.let_go();
    let printed = idle::print(args.output, &swept.deleted, Outcome::Deleted, now);
    let exit = swept.tell(printed, &place, common);
    if let Some(signal) = signal {
        interrupts.die(signal);
    }
    Ok(exit)
}

fn leases<'a>(
    connection: &'a Connection,
    namespace: Option<String>,
    cluster: &ClusterArgs,
    flags: &'a Flags,
) -> Leases<'a> {
    Leases { connection, namespace, timeout: cluster.request_timeout, flags }
}

/// What came of it.
#[derive(Default)]
struct Swept {
    deleted: Vec<IdleLease>,
    /// How many the server refused to delete.
    refused: usize,
    /// Why, once for each namespace; and what ended it, if anything did.
    failures: Vec<Failure>,
}

impl Swept {
    /// Says what came of it, whether or not what was deleted could be printed.
    fn tell(mut self, printed: Result<(), Failure>, place: &str, common: &CommonArgs) -> Exit {
        let count = self.deleted.len();
        let deleted = format!("{} {place}", counted(count));
        if let Err(failure) = printed {
            let failure = match count {
                0 => failure,
                _ => failure.hint(format!("deleted all the same: {deleted}")),
            };
            // What is unknown of a deletion is worse.
            self.failures.insert(0, failure);
        }
        if self.failures.is_empty() || count > 0 {
            talk::note(common, &format!("deleted {deleted}"));
        }
        if self.refused > 1 {
            talk::note(common, &format!("{} could not be deleted", counted(self.refused)));
        }
        self.failures.iter().for_each(talk::failure);
        self.failures.last().map_or(Exit::Done, |failure| failure.exit)
    }
}

/// What is refused for one may be granted for the next, in another namespace at least.
async fn sweep(
    leases: &Leases<'_>,
    idle: Vec<IdleLease>,
    swept: &mut Swept,
    stop: &CancellationToken,
) {
    let mut told = BTreeSet::new();
    for lease in idle {
        if stop.is_cancelled() {
            return;
        }
        match leases.delete(&lease).await {
            Ok(Deleted::Gone) => swept.deleted.push(lease),
            // Somebody uses it again, or has deleted it.
            Ok(Deleted::Kept) => {}
            Ok(Deleted::Refused(failure)) => {
                swept.refused += 1;
                if told.insert(lease.namespace) {
                    swept.failures.push(failure);
                }
            }
            Err(failure) => {
                swept.failures.push(failure);
                return;
            }
        }
    }
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
