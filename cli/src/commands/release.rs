//! `kubelock release`: give a lock back.

use kubelock::ReleaseOptions;

use super::change::Change;
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
    let call = Box::pin(lock.release(&target.object, options));
    let call = Change { verb: "release", done: "released", call };
    let (released, signal) = call.made(&session, &target, &mut interrupts).await;
    if released.is_ok() {
        talk::note(common, &format!("released {}", target.describe()));
    }
    if let Some(signal) = signal {
        session.say_if_it_matters(released);
        interrupts.die(signal);
    }
    released.map(|()| Exit::Done)
}
