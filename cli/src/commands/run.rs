//! `kubelock run`: hold a lock while a command runs.
//!
//! Three processes: this one holds the lock, the warden ends the command when the lock ends,
//! and the launcher becomes the command.

mod boottime;
mod channel;
mod environment;
mod group;
mod hold;
mod launcher;
mod message;
mod outcome;
mod plan;
mod program;
mod second;
mod signals;
mod terminal;
mod waiter;
mod warden;
mod watch;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use kubelock::AcquireOptions;
use nix::sys::signal::Signal;

use super::session::Session;
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::duration;
use crate::args::lock::{LockArgs, OwnerArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::talk;
use crate::target::{Carrier, Target, lock_name};
use environment::Environment;
use hold::Hold;
use second::Second;
use signals::Signals;
use watch::Watch;

/// Hold a lock while a command runs
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
    #[arg(short = 'E', long, value_name = "N", default_value_t = 124)]
    conflict_exit_code: u8,
    #[command(flatten)]
    on: LockArgs,
    #[command(flatten)]
    owner: OwnerArgs,
    /// After how long without renewal another may take the lock
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::parse)]
    #[arg(env = "KUBELOCK_TTL", hide_env_values = true, help_heading = "Lock options")]
    ttl: Duration,
}

const EXAMPLES: &str = "\
Examples:
  kubelock run deploy -n ci -- make deploy
  kubelock run schema --on configmap/app -- ./migrate.sh

Exit status: the command's own, 128+N if signal N ended it; 123 lock lost, 124 not acquired,
  125 failed before the command ran, 126 it cannot be executed, 127 it does not exist";

/// The words that make this program one of the other processes. Nobody types them.
const WARDEN: &str = "__warden";
const LAUNCHER: &str = "__launcher";

/// Shorter holds have no room for a grace.
const LEAST_TTL: Duration = Duration::from_secs(3);
/// What the clocks of two machines may differ by while a hold lasts.
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

/// This very program: on Linux even where its file was replaced since it was started.
fn own_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}

pub(crate) async fn run(
    args: RunArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let conflict = args.conflict_exit_code;
    let run = Run::prepare(args, cluster, common).await;
    let run = run.map_err(|failure| outcome::before_the_command(failure, conflict))?;
    run.execute().await.map_err(|failure| outcome::before_the_command(failure, conflict))
}

struct Run {
    session: Session,
    target: Target,
    signals: Signals,
    owner: String,
    ttl: Duration,
    command: Vec<OsString>,
}

impl Run {
    /// Checks what can be checked before anybody waits.
    async fn prepare(
        args: RunArgs,
        cluster: &ClusterArgs,
        common: &CommonArgs,
    ) -> Result<Self, Failure> {
        let carrier = Carrier::parse(args.on.on.as_deref())?;
        let name = lock_name(&args.lock, &carrier)?;
        check_ttl(args.ttl)?;
        args.command.first().map_or(Ok(()), |program| program::check(program))?;
        let session = Session::open(&carrier, &args.on, cluster, common)?;
        // After the credential plugin, which is to hear Ctrl-C, and before there are threads.
        let signals = Signals::take_over()
            .map_err(|error| Failure::failed(format!("cannot watch for signals: {error}")))?;
        let target = session.target(name, &carrier, session.kind(&carrier).await?);
        let owner = args.owner.into_owner();
        Ok(Self { session, target, signals, owner, ttl: args.ttl, command: args.command })
    }

    async fn execute(mut self) -> Result<Exit, Failure> {
        let hold = match self.take().await? {
            Ok(hold) => hold,
            Err(signal) => return Ok(Exit::Command(128 + signal as u8)),
        };
        let lock = self.target.describe();
        let ended = match self.start(&hold, &lock) {
            Ok(watch) => {
                let (outcome, lost) = watch.run().await;
                outcome::exit(outcome, lost, &lock, &self.command[0])
            }
            Err(error) => Err(Failure::failed(format!("cannot start a process: {error}"))),
        };
        // A lock that was lost is not ours to give back.
        if !hold.valid_for().is_zero() {
            self.release(hold).await;
        }
        ended
    }

    /// The lock, or the signal that put an end to the waiting.
    async fn take(&mut self) -> Result<Result<Hold, Signal>, Failure> {
        let options = AcquireOptions {
            owner: self.owner.clone(),
            ttl: self.ttl,
            deadline: self.session.deadline.left(),
            create_lease: self.target.own_lease,
            ..AcquireOptions::default()
        };
        let lock = self.session.lock(&self.target)?;
        let taking = Hold::take(&lock, &self.target.object, options, self.ttl / 3);
        tokio::select! {
            hold = taking => hold.map(Ok).map_err(|error| self.session.explain("acquire", &self.target, &error)),
            signal = interrupted(&mut self.signals) => Ok(Err(signal)),
        }
    }

    fn start<'a>(&'a mut self, hold: &'a Hold, lock: &str) -> io::Result<Watch<'a>> {
        let second = Second::start(&self.command, &self.environment())?;
        let (words, grace) = (&self.command, grace(self.ttl));
        Watch::start(second, hold, &mut self.signals, words, lock.to_owned(), grace)
    }

    fn environment(&self) -> Environment {
        Environment {
            lock: self.target.lock.to_string(),
            on: self.target.on(),
            namespace: self.target.namespace.clone(),
            owner: self.owner.clone(),
            hold: String::new(),
            token: String::new(),
        }
    }

    /// The command has ended, and its status counts: what goes wrong here is told, no more.
    async fn release(&self, hold: Hold) {
        if let Err(error) = hold.release().await {
            talk::failure(&self.session.explain("release", &self.target, &error));
        }
    }
}

/// Waits for a signal that ends a program; a stop is a stop while nothing is held.
async fn interrupted(signals: &mut Signals) -> Signal {
    loop {
        match signals.next().await {
            Signal::SIGTSTP => drop(signals.stop().await),
            signal if signals::ends(signal) => return signal,
            _ => {}
        }
    }
}

fn check_ttl(ttl: Duration) -> Result<(), Failure> {
    if ttl < LEAST_TTL {
        return Err(Failure::usage(format!("--ttl must be {LEAST_TTL:?} at least")));
    }
    Ok(())
}

/// What a command has between SIGTERM and SIGKILL: it is dead before another can hold the lock.
fn grace(ttl: Duration) -> Duration {
    (ttl / 3).saturating_sub((ttl / 10).max(LEAST_DRIFT))
}
