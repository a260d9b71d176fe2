//! `kubelock release`: give a lock back.

use kubelock::{CancellationToken, ReleaseOptions};

use super::interrupts::Worked;
use super::session::Session;
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::lock::{ClaimantArgs, LockArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::talk;

/// Give a lock back
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReleaseArgs {
    /// Name of the lock
    #[arg(value_name = "LOCK")]
    lock: String,
    #[command(flatten)]
    on: LockArgs,
    #[command(flatten)]
    claimant: ClaimantArgs,
}

const EXAMPLES: &str = "\
Examples:
  kubelock release deploy -n ci
  kubelock release schema --on configmap/app --owner migration-7
  kubelock release deploy --hold 6f1c2d03a4b5c6d7

Exit status: 0 released, 11 another has it, 12 not held or expired, 15 unknown: look with get";

pub(crate) async fn run(
    args: ReleaseArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let (session, target, mut interrupts) =
        Session::of(&args.lock, &args.on, cluster, common).await?;
    let (owner, hold) = args.claimant.into_parts();
    let options = ReleaseOptions {
        owner,
        hold,
        deadline: session.deadline.left(),
        spare_holds: true,
        ..ReleaseOptions::default()
    };
    let lock = session.lock(&target)?;
    let stop = CancellationToken::new();
    let work = session.unless_stopped(&stop, lock.release(&target.object, options));
    let Worked { result, signal } = interrupts.in_order(&stop, work).await;
    let released = match result.flatten() {
        Some(released) if signal.is_none() => {
            interrupts.at_once(session.explained("release", &target, released)).await
        }
        Some(released) => released.map_err(|error| session.explain("release", &target, &error)),
        None => Err(session.broken_off("released", &target)),
    };
    if released.is_ok() {
        talk::note(common, &format!("released {}", target.describe()));
    }
    if let Some(signal) = signal {
        if let Err(failure) = released.as_ref()
            && session.may_have_written()
        {
            talk::failure(failure);
        }
        interrupts.die(signal);
    }
    released.map(|()| Exit::Done)
}
