//! `kubelock renew`: prolong a lock.

use std::time::{Duration, SystemTime};

use kubelock::{Acquired, RenewOptions, Timestamp};

use super::change::Change;
use super::session::Session;
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::duration;
use crate::args::lock::{ClaimantArgs, LockArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::view::View;
use crate::output::{self, Format, age, talk};
use crate::target::Target;

/// Prolong a lock: it lasts for its ttl from now on
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RenewArgs {
    /// Name of the lock
    #[arg(value_name = "LOCK")]
    lock: String,
    /// Print the record: table, wide, json, yaml or name
    #[arg(short, long, value_name = "FORMAT", hide_possible_values = true)]
    output: Option<Format>,
    #[command(flatten)]
    on: LockArgs,
    #[command(flatten)]
    claimant: ClaimantArgs,
    /// How long the lock lasts from now on [default: as before]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, help_heading = "Lock options")]
    ttl: Option<Duration>,
}

const EXAMPLES: &str = "\
Examples:
  kubelock renew deploy -n ci
  kubelock renew schema --on configmap/app --ttl 10m

`kubelock run` renews by itself: it takes a lock that others renew for lost.
Exit status: 0 renewed, 11 another has it, 12 not held or expired, 15 unknown: look with get";

pub(crate) async fn run(
    args: RenewArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let (session, target, mut interrupts) =
        Session::of(&args.lock, &args.on, cluster, common).await?;
    let (owner, hold) = args.claimant.into_parts();
    let options = RenewOptions {
        owner,
        hold,
        ttl: args.ttl,
        deadline: session.deadline.left(),
        ..RenewOptions::default()
    };
    let lock = session.lock(&target)?;
    let call = Box::pin(lock.renew(&target.object, options));
    let call = Change { verb: "renew", done: "renewed", call };
    let (renewed, signal) = call.made(&session, &target, &mut interrupts).await;
    interrupts.let_go();
    let told = renewed.and_then(|renewed| tell(args.output, &renewed, &target, common));
    if let Some(signal) = signal {
        session.say_if_it_matters(told);
        interrupts.die(signal);
    }
    told.map(|()| Exit::Done)
}

fn tell(
    format: Option<Format>,
    renewed: &Acquired,
    target: &Target,
    common: &CommonArgs,
) -> Result<(), Failure> {
    let view = View::acquired(target, renewed, Timestamp::from(SystemTime::now()));
    if let Some(format) = format {
        output::one(format, &view)
            .map_err(|failure| failure.hint(format!("{} is renewed", target.describe())))?;
    } else {
        let ttl = age::exact(renewed.record().ttl_nanos);
        talk::note(common, &format!("renewed {} for {ttl}", target.describe()));
    }
    Ok(())
}
