//! The command that has the sandbox.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;
use tokio::signal::unix::{self, SignalKind};

use crate::args::environment;
use crate::commands::run::program;
use crate::commands::run::signals::{self, Signals};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::talk;
use crate::program::own_path;

/// The word that makes this program the command. Nobody types it.
const LAUNCHER: &str = "__sandboxed";

/// Runs it to its end, and says how that came about.
pub(super) async fn run(
    words: &[OsString],
    kubeconfig: &Path,
    signals: &mut Signals,
) -> Result<(Exit, Option<Signal>), Failure> {
    let mut ends = unix::signal(SignalKind::child()).map_err(|error| unseen(&error))?;
    let mut child = start(words, kubeconfig)
        .map_err(|error| Failure::failed(format!("cannot start a process: {error}")))?;
    loop {
        tokio::select! {
            biased;
            status = ended(&mut child, &mut ends) => {
                return status.map(outcome).map_err(|error| unseen(&error));
            }
            signal = signals.next() => match signal {
                // The terminal, or whoever stops us, stops the command as well.
                Signal::SIGTSTP => drop(signals.stop().await),
                signal => pass_on(&child, signal),
            },
        }
    }
}

/// A child inherits the signals that we have blocked, so it starts as this very program.
fn start(words: &[OsString], kubeconfig: &Path) -> io::Result<Child> {
    let mut command = Command::new(own_path()?);
    command.arg(LAUNCHER).args(words).env("KUBECONFIG", kubeconfig);
    // They would lead the command to another cluster, or make somebody else of it.
    for variable in environment::OF_OTHER_CLUSTERS.into_iter().filter_map(environment::variable) {
        command.env_remove(variable);
    }
    command.spawn()
}

/// Becomes the command, if this process was started for that.
pub(super) fn inner_process() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != LAUNCHER {
        return None;
    }
    let program = words.next()?;
    let error = match signals::unblock_all() {
        // It returns only where it fails.
        Ok(()) => Command::new(&program).args(words).exec(),
        Err(errno) => errno.into(),
    };
    let failure = program::refused(&program, &error);
    talk::failure(&failure);
    Some(failure.exit.into())
}

/// # Cancel safety
/// Nothing is lost.
async fn ended(child: &mut Child, ends: &mut unix::Signal) -> io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        ends.recv().await;
    }
}

fn unseen(error: &io::Error) -> Failure {
    Failure::failed(format!("cannot see how the command ends: {error}"))
}

/// What came from a key of the terminal has reached the command, which is in our group, too.
fn pass_on(child: &Child, signal: Signal) {
    let is_key = matches!(signal, Signal::SIGINT | Signal::SIGQUIT | Signal::SIGWINCH);
    let is_continued = signal == Signal::SIGCONT;
    if is_continued || is_key && has_foreground() {
        return;
    }
    // It was not waited for yet, so the id is its own.
    if let Ok(pid) = i32::try_from(child.id()) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

/// Whether the keys of a terminal are for our group.
fn has_foreground() -> bool {
    is_terminal_of_ours(io::stdin()) || is_terminal_of_ours(io::stderr())
}

fn is_terminal_of_ours(file: impl AsFd) -> bool {
    tcgetpgrp(file).is_ok_and(|foreground| foreground == getpgrp())
}

fn outcome(status: ExitStatus) -> (Exit, Option<Signal>) {
    let signal = status.signal();
    let code = status.code().or_else(|| signal.map(|signal| 128 + signal)).unwrap_or(1);
    let exit = Exit::Command(u8::try_from(code).unwrap_or(1));
    (exit, signal.and_then(|signal| Signal::try_from(signal).ok()))
}
