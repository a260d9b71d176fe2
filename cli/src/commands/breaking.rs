//! `kubelock break`: take a lock away from a holder that is gone.

mod event;
mod explain;
mod showing;
mod who;

use std::cell::Cell;
use std::io;

use clap::builder::NonEmptyStringValueParser;
use kubelock::{BreakOptions, Broken, CancellationToken, ExpiryRule, GetOptions, Standing};

use super::interrupts::Worked;
use super::session::Session;
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::lock::LockArgs;
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{prompt, talk, text};
use crate::owner;
use crate::target::Target;
use who::Who;

/// Take a lock away from a holder that is gone, with an audit trail
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BreakArgs {
    /// Name of the lock
    #[arg(value_name = "LOCK")]
    lock: String,
    /// Why, for the Event and whoever reads it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Break a lock that has not expired, too: its holder may be at work
    #[arg(long)]
    live: bool,
    /// Remove even what is no record: nobody knows whose it is
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    on: LockArgs,
    /// Who breaks it, for the Event [default: user@host]
    #[arg(long, value_name = "OWNER", env = "KUBELOCK_OWNER", hide_env_values = true)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    owner: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  kubelock break deploy -n ci --reason \"runner-7 was deleted\"
  kubelock break schema --on configmap/app --live --reason \"hangs, see INC-7\"
  kubelock break deploy --yes --reason \"runner-7 is gone\"     in a script

It shows who has the lock, and asks. What it showed is removed and nothing else; a hold is followed
through its renewals. An Event on the object tells who did it, whose lock it was, and why.
Exit status: 0 broken, 11 live without --live or another has it now, 12 not held, 15 unknown";

/// The Event has room for so much of it.
const REASON_MAX: usize = 500;

/// What the Event will say.
fn reason(text: &str) -> Result<&str, Failure> {
    let text = text.trim();
    let why = match text.len() {
        0 => "--reason is empty: say why, for whoever asks later".to_owned(),
        length if length > REASON_MAX => {
            format!("--reason has {length} bytes: an Event has room for {REASON_MAX}")
        }
        _ => return Ok(text),
    };
    Err(Failure::usage(why))
}

pub(crate) async fn run(
    args: BreakArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let reason = reason(&args.reason)?;
    if !args.yes && !prompt::is_possible() {
        return Err(Failure::usage("break asks first, and there is no terminal to ask on")
            .hint("--yes answers, for a script"));
    }
    let (mut session, target, mut interrupts) =
        Session::of(&args.lock, &args.on, cluster, common).await?;
    let standing = interrupts.at_once(look(&session, &target)).await?;
    check(&args, &standing, &target, &session)?;
    if !args.yes || !common.quiet {
        show(&standing, &target);
    }
    if !args.yes {
        interrupts.at_once(confirm()).await?;
    }
    // A person takes the time that it takes, and neither of these may leave none for the next.
    session.deadline = Deadline::after(cluster.request_timeout);
    let who = Who::find(&session, args.owner.clone().unwrap_or_else(owner::default));
    let who = interrupts.at_once(who).await;
    session.deadline = Deadline::after(cluster.request_timeout);
    let stop = CancellationToken::new();
    let is_broken = Cell::new(false);
    let work = async {
        let broken = break_it(&args, &standing, &target, &session).await?;
        is_broken.set(true);
        talk::note(common, &praise(&broken, &target));
        session.deadline = Deadline::after(cluster.request_timeout);
        let event = event::write(&session, &target, &standing, &broken, &who, reason).await;
        event.unwrap_or_else(|failure| talk::warning(&failure));
        Ok(())
    };
    let Worked { result, signal } = interrupts.in_order(&stop, work).await;
    let result = result.unwrap_or_else(|| Err(broken_off(is_broken.get(), &session, &target)));
    if let Some(signal) = signal {
        result.unwrap_or_else(|failure| talk::failure(&failure));
        interrupts.die(signal);
    }
    result.map(|()| Exit::Done)
}

/// Somebody did not want to wait for the rest.
fn broken_off(is_broken: bool, session: &Session, target: &Target) -> Failure {
    if !is_broken {
        return session.broken_off("broken", target);
    }
    Failure::failed("interrupted: it is unknown whether an Event tells of it")
}

async fn break_it(
    args: &BreakArgs,
    standing: &Standing,
    target: &Target,
    session: &Session,
) -> Result<Broken, Failure> {
    let options = BreakOptions {
        live: args.live,
        malformed: args.force,
        deadline: session.deadline.left(),
        ..BreakOptions::default()
    };
    let broken = standing.break_lock(options).await;
    broken.map_err(|error| explain::failure(&error, &session.situation("break", target)))
}

async fn look(session: &Session, target: &Target) -> Result<Standing, Failure> {
    let options = GetOptions { deadline: session.deadline.left(), ..GetOptions::default() };
    let standing = session.lock(target)?.standing(&target.object, options).await;
    match session.explained("break", target, standing).await? {
        Some(standing) => Ok(standing),
        None => Err(session.not_held("break", target).await),
    }
}

/// Refuses before anybody is asked what would be refused afterwards.
fn check(
    args: &BreakArgs,
    standing: &Standing,
    target: &Target,
    session: &Session,
) -> Result<(), Failure> {
    let at = session.situation("break", target);
    match standing.record() {
        Err(malformed) if !args.force => Err(explain::malformed(malformed, &at)),
        Ok(record) if !args.live && !standing.is_expired(ExpiryRule::default()) => {
            Err(explain::still_live(record, standing.seen_at(), &at))
        }
        _ => Ok(()),
    }
}

fn show(standing: &Standing, target: &Target) {
    talk::show(&showing::block(standing, target));
    if let Ok(record) = standing.record()
        && !standing.is_expired(ExpiryRule::default())
    {
        talk::caution(&explain::work(record, standing.seen_at()));
    }
}

/// A signal is heard while the question stands.
async fn confirm() -> Result<(), Failure> {
    talk::settle();
    let answer = tokio::task::spawn_blocking(|| prompt::confirm("Break it? [y/N] "))
        .await
        .map_err(io::Error::other)
        .flatten()
        .map_err(|error| Failure::failed(format!("cannot read the answer: {error}")))?;
    if answer { Ok(()) } else { Err(Failure::failed("not broken: nothing was changed")) }
}

/// `broke lock "deploy" on lease/deploy in namespace ci, held by alice@runner`.
fn praise(broken: &Broken, target: &Target) -> String {
    let whose = match &broken.record {
        Some(record) => format!("held by {}", text::owner(&record.owner)),
        None => "which carried no record".to_owned(),
    };
    let doubt = if broken.is_confirmed {
        ""
    } else {
        "; the answer was lost, but what stood there is gone"
    };
    format!("broke {}, {whose}{doubt}", target.describe())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something_and_fits_into_an_event() {
        assert_eq!(reason(" runner-7 is gone\n").unwrap(), "runner-7 is gone");
        assert!(reason(" ").is_err());
        assert!(reason(&"x".repeat(REASON_MAX)).is_ok());
        assert!(reason(&"é".repeat(REASON_MAX)).unwrap_err().message.contains("1000 bytes"));
    }
}
