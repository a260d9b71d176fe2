//! `kubelock acquire`: take a lock and return.

use std::time::{Duration, SystemTime};

use kubelock::{AcquireOptions, Record, Timestamp, Wait};

use super::session::Session;
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::duration;
use crate::args::lock::{LockArgs, OwnerArgs};
use crate::args::wait::WaitArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::view::View;
use crate::output::{self, Format, age, talk, text};

/// Take a lock and return; it lasts for its ttl
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AcquireArgs {
    /// Name of the lock
    #[arg(value_name = "LOCK")]
    lock: String,
    /// Print the record: table, wide, json, yaml or name
    #[arg(short, long, value_name = "FORMAT", hide_possible_values = true)]
    output: Option<Format>,
    #[command(flatten)]
    on: LockArgs,
    #[command(flatten)]
    owner: OwnerArgs,
    #[command(flatten)]
    wait: WaitArgs,
    /// How long the lock lasts
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration::parse)]
    #[arg(
        env = "KUBELOCK_TTL",
        hide_env_values = true,
        allow_hyphen_values = true,
        help_heading = "Lock options"
    )]
    ttl: Duration,
}

const EXAMPLES: &str = "\
Examples:
  kubelock acquire deploy -n ci --ttl 30s
  kubelock acquire schema --on configmap/app --owner migration-7
  kubelock acquire deploy --wait 5m              or --wait alone: for as long as it takes

Without --on the lock is kept on the Lease of its name, which is made when it is missing.
Exit status: 0 acquired, 10 this owner has it already, 11 another has it, 15 unknown: look with get";

pub(crate) async fn run(
    args: AcquireArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let (session, target) = Session::of(&args.lock, &args.on, cluster, common).await?;
    let options = AcquireOptions {
        owner: args.owner.into_owner(),
        ttl: args.ttl,
        deadline: session.deadline.left(),
        create_lease: target.own_lease,
        wait: args.wait.or(Wait::No),
        on_wait: (!common.quiet).then(|| talk::waiting(&target)),
        ..AcquireOptions::default()
    };
    let lock = session.lock(&target)?;
    let acquired = lock.acquire(&target.object, options).await;
    let acquired = session.explained("acquire", &target, acquired).await?;

    let view = View::acquired(&target, &acquired, Timestamp::from(SystemTime::now()));
    match args.output {
        Some(format) => output::one(format, &view)
            .map_err(|failure| failure.hint(format!("{} is acquired", target.describe())))?,
        None => talk::note(common, &praise(acquired.record(), &target.describe())),
    }
    Ok(Exit::Done)
}

/// `acquired lock "deploy" on lease/deploy in namespace ci as alice@runner for 5m`.
fn praise(record: &Record, described: &str) -> String {
    let ttl = age::exact(record.ttl_nanos);
    format!("acquired {described} as {} for {ttl}", text::owner(&record.owner))
}
