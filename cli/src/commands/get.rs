//! `kubelock get LOCK...`: who holds what.

use kubelock::GetOptions;

use super::session::Session;
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::lock::LockArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::view::View;
use crate::output::{self, Format, talk};
use crate::sentence;
use crate::target::{Carrier, Target, lock_name};

/// Show who holds a lock, since when and for how long
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GetArgs {
    /// Names of the locks
    #[arg(value_name = "LOCK", required = true)]
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
    #[command(flatten)]
    on: LockArgs,
}

const EXAMPLES: &str = "\
Examples:
  kubelock get deploy -n ci
  kubelock get schema seed --on configmap/app -o wide
  kubelock get deploy -o json

Exit status: 0 all of them are held, 12 one is not held or has expired, 1 one could not be read";

pub(crate) async fn run(
    args: GetArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let carrier = Carrier::parse(args.on.on.as_deref())?;
    let names =
        args.locks.iter().map(|lock| lock_name(lock, &carrier)).collect::<Result<Vec<_>, _>>()?;
    let session = Session::open(&carrier, &args.on, cluster, common)?;
    let kind = session.kind(&carrier).await?;
    let mut views = Vec::new();
    let mut failures = Vec::new();
    for name in names {
        match look(&session, &session.target(name, &carrier, kind.clone())).await {
            Ok(view) => views.push(view),
            Err(failure) => failures.push(failure),
        }
    }
    if args.locks.len() == 1 {
        views.first().map_or(Ok(()), |view| output::one(args.output, view))?;
    } else {
        output::many(args.output, &views)?;
    }
    failures.iter().for_each(talk::failure);
    Ok(verdict(&views, &failures))
}

/// One lock's record, expired ones too; a free lock is a failure, as a missing object is to kubectl.
async fn look(session: &Session, target: &Target) -> Result<View, Failure> {
    let lock = session.lock(target)?;
    let options = GetOptions { deadline: session.deadline.left(), ..GetOptions::default() };
    let state = lock
        .get(&target.object, options)
        .await
        .map_err(|error| session.explain("get", target, &error))?;
    View::of(target, state)
        .ok_or_else(|| sentence::not_held(&session.situation("get", target), None))
}

/// What could not be read outweighs what is not held.
fn verdict(views: &[View], failures: &[Failure]) -> Exit {
    let mut exits = failures.iter().map(|failure| failure.exit);
    if let Some(exit) = exits.find(|exit| *exit != Exit::NotHeld) {
        return exit;
    }
    if failures.is_empty() && views.iter().all(View::is_held) { Exit::Done } else { Exit::NotHeld }
}
