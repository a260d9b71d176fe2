//! The command that has the sandbox.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::signal::unix::{self, SignalKind};

use crate::commands::run::program;
use crate::commands::run::signals::Signals;
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs it to its end, and says how that came about.
pub(super) async fn run(
    words: &[OsString],
    kubeconfig: &Path,
    signals: &mut Signals,
) -> Result<(Exit, Option<Signal>), Failure> {
    let [program, arguments @ ..] = words else {
        return Err(Failure::usage("there is no command to run"));
    };
    let mut ends = unix::signal(SignalKind::child()).map_err(|error| unseen(&error))?;
    let mut child = Command::new(program)
        .args(arguments)
        .env("KUBECONFIG", kubeconfig)
        // It names a context of another kubeconfig.
        .env_remove("KUBELOCK_CONTEXT")
        .spawn()
        .map_err(|error| program::refused(program, &error))?;
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
    let own = rustix::process::getpgrp();
    let terminal = [io::stdin().is_terminal_of(own), io::stderr().is_terminal_of(own)];
    terminal.contains(&true)
}

trait TerminalOf {
    fn is_terminal_of(&self, group: rustix::process::Pid) -> bool;
}

impl<T: std::os::fd::AsFd> TerminalOf for T {
    fn is_terminal_of(&self, group: rustix::process::Pid) -> bool {
        rustix::termios::tcgetpgrp(self).is_ok_and(|foreground| foreground == group)
    }
}

fn outcome(status: ExitStatus) -> (Exit, Option<Signal>) {
    let signal = status.signal();
    let code = status.code().or_else(|| signal.map(|signal| 128 + signal)).unwrap_or(1);
    let exit = Exit::Command(u8::try_from(code).unwrap_or(1));
    (exit, signal.and_then(|signal| Signal::try_from(signal).ok()))
}
