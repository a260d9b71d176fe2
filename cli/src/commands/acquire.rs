//! `kubelock acquire`: take a lock and return.

use std::time::{Duration, SystemTime};

use kubelock::{AcquireOptions, Acquired, CancellationToken, Error, Record, Timestamp, Ttl, Wait};

use super::interrupts::{Interrupts, Worked};
use super::session::Session;
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::duration;
use crate::args::lock::{LockArgs, OwnerArgs};
use crate::args::wait::WaitArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::view::View;
use crate::output::waiting::Waiting;
use crate::output::{self, Format, age, talk, text};
use crate::target::Target;

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
    let (session, target, mut interrupts) =
        Session::of(&args.lock, &args.on, cluster, common).await?;
    let format = args.output;
    let acquired = take(args, session, &target, common, &mut interrupts).await?;

    let view = View::acquired(&target, &acquired, Timestamp::from(SystemTime::now()));
    if let Some(format) = format {
        interrupts.let_go();
        output::one(format, &view)
            .map_err(|failure| failure.hint(format!("{} is acquired", target.describe())))?;
    } else {
        talk::note(common, &praise(acquired.record(), &target.describe()));
    }
    interrupts.done();
    Ok(Exit::Done)
}

/// Takes the lock. Whoever interrupts that does not have it afterwards.
async fn take(
    args: AcquireArgs,
    mut session: Session,
    target: &Target,
    common: &CommonArgs,
    interrupts: &mut Interrupts,
) -> Result<Acquired, Failure> {
    let wait = args.wait.or(Wait::No);
    session.waits = wait != Wait::No;
    let waiting = (!common.quiet).then(|| Waiting::of(target));
    let stop = CancellationToken::new();
    let options = AcquireOptions {
        owner: args.owner.into_owner(),
        ttl: args.ttl,
        deadline: session.deadline.left(),
        create_lease: target.own_lease,
        wait,
        on_wait: waiting.as_ref().map(|it| it.on_wait(session.unwatched("acquire", target))),
        cancel: Some(stop.clone()),
        ..AcquireOptions::default()
    };
    let lock = session.lock(target)?;
    let taking = Box::pin(async {
        let taken = lock.acquire(&target.object, options).await;
        drop(waiting);
        match taken {
            Ok(acquired) if stop.is_cancelled() => Taken::TooLate(acquired.release().await),
            taken => Taken::InTime(Box::new(taken)),
        }
    });
    let Worked { result, signal } = interrupts.in_order(&stop, taking).await;
    if let Some(signal) = signal {
        account(result, args.ttl, &session, target, common);
        interrupts.die(signal);
    }
    match result {
        Some(Taken::InTime(taken)) => match *taken {
            Ok(acquired) => Ok(acquired),
            Err(error) => {
                interrupts.at_once(session.explained("acquire", target, Err(error))).await
            }
        },
        _ => Err(session.broken_off("acquired", target)),
    }
}

/// How a call ended that may have been interrupted.
enum Taken {
    InTime(Box<Result<Acquired, Error>>),
    /// It was interrupted, came about nevertheless, and was given back.
    TooLate(Result<(), Error>),
}

/// Says what an interrupted call leaves behind, if it may leave anything.
fn account(
    result: Option<Taken>,
    ttl: Duration,
    session: &Session,
    target: &Target,
    common: &CommonArgs,
) {
    match result {
        Some(Taken::TooLate(Ok(()))) => {
            talk::note(common, &format!("interrupted: gave {} back", target.describe()));
        }
        Some(Taken::TooLate(Err(error))) if !error.is_not_found() => {
            talk::failure(&session.explain("release", target, &error));
        }
        Some(Taken::InTime(taken)) => {
            if let Err(error) = *taken
                && !error.is_cancelled()
            {
                session.say_if_it_matters(Err(session.explain("acquire", target, &error)));
            }
        }
        None if session.may_have_written() => {
            // Zero stands for the default.
            let ttl = Ttl::new(ttl).unwrap_or_default().duration();
            let expires_at = Timestamp::from(SystemTime::now()).saturating_add(ttl);
            let until = age::second(expires_at);
            let failure = session.broken_off("acquired", target);
            talk::failure(&failure.hint(format!("if it was, its record stands until {until}")));
        }
        _ => {}
    }
}

/// `acquired lock "deploy" on lease/deploy in namespace ci as alice@runner for 5m`.
fn praise(record: &Record, described: &str) -> String {
    let ttl = age::exact(record.ttl_nanos);
    format!("acquired {described} as {} for {ttl}", text::owner(&record.owner))
}
