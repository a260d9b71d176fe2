//! `kubelock run`: hold a lock while a command runs.
//!
//! Three processes: this one holds the lock, the warden ends the command when the lock ends,
//! and the launcher becomes the command.

mod channel;
mod environment;
mod group;
mod launcher;
mod message;
mod outcome;
mod plan;
pub(super) mod program;
mod second;
pub(super) mod signals;
pub(super) mod taking;
mod terminal;
mod waiter;
mod warden;
mod watch;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use kubelock::{CancellationToken, Guard, HoldOptions, LockName, Timestamp, Wait};
use nix::sys::signal::Signal;

use super::interrupts::{Worked, in_order};
use super::session::Session;
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::duration;
use crate::args::lock::{LockArgs, OwnerArgs};
use crate::args::wait::WaitArgs;
use crate::client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::aside::Aside;
use crate::output::{age, talk, text};
use crate::target::{Carrier, Target, lock_name};
use environment::Environment;
use second::Second;
use signals::Signals;
use taking::Taken;
use watch::{End, Outcome, Watch};

/// Wait for a lock, and hold it while a command runs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RunArgs {
    /// Name of the lock
    #[arg(value_name = "LOCK")]
    lock: String,
    /// The command, and what it takes
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true)]
    command: Vec<OsString>,
    /// Exit status when the lock is not acquired
    #[arg(short = 'E', long, value_name = "N", default_value_t = NOT_ACQUIRED)]
    conflict_exit_code: u8,
    #[command(flatten)]
    on: LockArgs,
    #[command(flatten)]
    owner: OwnerArgs,
    #[command(flatten)]
    wait: WaitArgs,
    /// Why, for whoever waits
    #[arg(long, value_name = "TEXT", help_heading = "Lock options")]
    reason: Option<String>,
    /// How long the lock lasts unless renewed
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::parse)]
    #[arg(env = "KUBELOCK_TTL", hide_env_values = true, help_heading = "Lock options")]
    ttl: Duration,
}

const EXAMPLES: &str = "\
Examples:
  kubelock run deploy -n ci -- make deploy
  kubelock run schema --on configmap/app --wait 5m -- ./migrate.sh

Exit status: the command's own, 128+N if signal N ended it; 123 lock lost, 124 not acquired,
  125 refused or failed before the command ran, 126 it cannot be executed, 127 it does not exist";

/// The words that make this program one of the other processes. Nobody types them.
const WARDEN: &str = "__warden";
const LAUNCHER: &str = "__launcher";

/// The exit status when the lock is not acquired, unless another is asked for.
const NOT_ACQUIRED: u8 = 124;

/// A release is not broken off before: a signal that ended the command may come late.
const HEAD_START: Duration = Duration::from_millis(500);
const TTL_DEFAULT: Duration = Duration::from_secs(30);
/// What the clocks of two machines may differ by while a hold lasts, of a short one at least.
const LEAST_DRIFT: Duration = Duration::from_millis(500);

/// Becomes one of the other processes, if it was started as such.
pub(crate) fn inner_process() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    let become_it = match words.next()?.to_str()? {
        WARDEN => warden::run,
        LAUNCHER => launcher::run,
        _ => return None,
    };
    Some(become_it(&words.collect::<Vec<_>>()))
}

/// What this program was called: so do the others, in a list of processes.
fn called() -> OsString {
    std::env::args_os().next().unwrap_or_else(|| "kubelock".into())
}

/// What fails before the command runs has a status of its own.
pub(crate) fn before_the_command(failure: Failure) -> Failure {
    outcome::before_the_command(failure, NOT_ACQUIRED)
}

pub(crate) async fn run(
    args: RunArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let conflict = args.conflict_exit_code;
    let explain = |failure| outcome::before_the_command(failure, conflict);
    let mut run = Run::prepare(args, cluster, common).map_err(explain)?;
    let Worked { result, signal } = run.take().await;
    if let Some(signal) = signal {
        return Ok(run.interrupted(signal, result));
    }
    match result {
        Some(Ok(Taken::Held(target, guard))) => run.execute(&target, *guard).await.map_err(explain),
        Some(Err(failure)) => Err(explain(failure)),
        Some(Ok(Taken::Interrupted)) | None => Err(explain(run.broken_off())),
    }
}

/// All that is needed before the lock is.
struct Run {
    session: Session,
    carrier: Carrier,
    name: LockName,
    signals: Signals,
    options: HoldOptions,
    command: Vec<OsString>,
    quiet: bool,
    _aside: Aside,
}

impl Run {
    /// Checks what can be checked without a cluster.
    fn prepare(args: RunArgs, cluster: &ClusterArgs, common: &CommonArgs) -> Result<Self, Failure> {
        let carrier = Carrier::parse(args.on.on.as_deref())?;
        let name = lock_name(&args.lock, &carrier)?;
        args.command.first().map_or(Ok(()), |program| program::check(program))?;
        let mut options = options(&args, cluster.request_timeout);
        options.owner = args.owner.into_owner();
        options.create_lease = matches!(carrier, Carrier::Lease);
        options.check().map_err(|error| Failure::usage(text::paragraph(&error.to_string())))?;
        let session = Session::open(&carrier, &args.on, cluster, common)?;
        // After the credential plugin, which is to hear Ctrl-C, and before there are threads.
        let signals = Signals::take_over()
            .map_err(|error| Failure::failed(format!("cannot watch for signals: {error}")))?;
        // Whoever reads stderr must not keep the lock from being renewed.
        let aside = Aside::start()
            .map_err(|error| Failure::failed(format!("cannot start a thread: {error}")))?;
        let (command, quiet) = (args.command, common.quiet);
        Ok(Self { session, carrier, name, signals, options, command, quiet, _aside: aside })
    }

    async fn take(&mut self) -> Worked<Result<Taken, Failure>> {
        let Self { session, carrier, name, signals, options, quiet, .. } = self;
        let stop = CancellationToken::new();
        let taking = taking::hold(session, carrier, name, options, *quiet, &stop);
        in_order(signals, &stop, taking).await
    }

    /// Nobody waits for the lock any more: says what may be left of it, and ends so.
    fn interrupted(self, signal: Signal, taken: Option<Result<Taken, Failure>>) -> Exit {
        match taken {
            Some(Err(failure)) if self.session.may_have_written() => talk::failure(&failure),
            None if self.session.may_have_written() => talk::failure(&self.broken_off()),
            _ => {}
        }
        drop(self);
        client::kill_alone();
        if matches!(signal, Signal::SIGINT | Signal::SIGQUIT) {
            signals::die_of(signal, false);
        }
        Exit::Command(128 + signal as u8)
    }

    fn broken_off(&self) -> Failure {
        let lock = &self.name;
        let expires_at = Timestamp::from(SystemTime::now()).saturating_add(self.options.ttl);
        let until = age::second(expires_at);
        Failure::new(
            Exit::Unknown,
            format!("interrupted: it is unknown whether lock \"{lock}\" was acquired"),
        )
        .hint(format!("if it was, its record stands until {until}"))
    }

    /// Runs the command, and gives the lock back when nobody is left of it.
    async fn execute(mut self, target: &Target, guard: Guard) -> Result<Exit, Failure> {
        let lock = target.describe();
        let end = match self.start(target, &guard) {
            Ok(watch) => watch.run().await,
            Err(error) => End::not_started(&error),
        };
        let outcome = end.outcome;
        if outcome == Outcome::Immortal {
            // Whoever lives on may still be at work: nobody gets the lock before its ttl is over.
            std::mem::forget(guard);
        } else if guard.is_valid() {
            // A lock that was lost is not ours to give back.
            self.release(target, guard).await;
        }
        let exit = outcome::exit(outcome, end.has_said_why, &lock, &self.command[0])?;
        // The last words.
        drop(self);
        if let (Exit::Command(_), Some(signal)) = (exit, outcome::key(outcome)) {
            signals::die_of(signal, end.keys_were_the_commands);
        }
        Ok(exit)
    }

    fn start<'a>(&'a mut self, target: &Target, guard: &'a Guard) -> io::Result<Watch<'a>> {
        let second = Second::start(&self.command, &self.environment(target, guard))?;
        let (words, grace) = (&self.command, grace(self.options.ttl));
        Watch::start(second, guard, &mut self.signals, words, target.describe(), grace)
    }

    fn environment(&self, target: &Target, guard: &Guard) -> Environment {
        Environment {
            lock: target.lock.to_string(),
            on: target.on(),
            namespace: target.namespace.clone(),
            owner: self.options.owner.clone(),
            hold: guard.hold_id().to_string(),
            token: guard.token().to_string(),
        }
    }

    /// The command has ended, and its status counts: what goes wrong here is told, no more.
    async fn release(&mut self, target: &Target, guard: Guard) {
        let expires_at = guard.record().expires_at();
        self.session.deadline = taking::call_deadline(&self.session, &self.options);
        // What has come until now was meant for the command.
        self.signals.forget();
        let released = tokio::select! {
            biased;
            released = guard.release() => Some(released),
            () = impatience(&mut self.signals) => None,
        };
        match released {
            Some(Ok(())) => {}
            Some(Err(error)) => talk::failure(&self.session.explain("release", target, &error)),
            None => talk::failure(&outcome::not_released(&target.describe(), expires_at)),
        }
    }
}

/// Comes about when somebody does not want to wait for the release any longer.
async fn impatience(signals: &mut Signals) {
    tokio::time::sleep(HEAD_START).await;
    taking::interruption(signals).await;
}

/// The hold ends a third of its ttl before the record does: time to end the command in.
fn options(args: &RunArgs, request_timeout: Duration) -> HoldOptions {
    let ttl = if args.ttl.is_zero() { TTL_DEFAULT } else { args.ttl };
    HoldOptions {
        ttl,
        wait: args.wait.or(Wait::Forever),
        margin: Some(ttl / 3),
        deadline: Some(request_timeout.min(ttl / 6)),
        reason: args.reason.clone(),
        watch: true,
        ..HoldOptions::default()
    }
}

/// What a command has between SIGTERM and SIGKILL: it is dead before another can hold the lock.
fn grace(ttl: Duration) -> Duration {
    (ttl / 3).saturating_sub((ttl / 10).max(LEAST_DRIFT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_dead_before_clocks_could_disagree_about_the_end_of_the_lock() {
        for seconds in [3, 4, 5, 30, 3600] {
            let ttl = Duration::from_secs(seconds);
            let drift = (ttl / 10).max(Duration::from_millis(500));
            assert!(grace(ttl) > Duration::from_millis(400), "{seconds} s");
            assert!(grace(ttl) + drift <= ttl / 3, "{seconds} s");
        }
    }
}
