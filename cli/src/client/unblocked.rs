//! A program started with no signal blocked, whatever this process has blocked for itself, and
//! in a session of its own, where there is no terminal to ask somebody on.
//!
//! A child inherits the mask and the session of the process that starts it, and std has no way to
//! say otherwise. So this program starts itself, and becomes the other one once both are right.

use std::process::{Command, ExitCode};

#[cfg(unix)]
use crate::program;

/// The word that makes this program become another. Nobody types it.
#[cfg(unix)]
const WORD: &str = "__unblocked";
/// What shells say of a program that cannot be executed.
#[cfg(unix)]
const NOT_EXECUTED: u8 = 127;

/// The same command with a clean mask, which leads a session and a group of its own; its stdin and
/// stdout are to be set.
#[cfg(unix)]
pub(super) fn command(of: &Command) -> Command {
    let own = program::own_path().unwrap_or_else(|_| "kubelock".into());
    let mut command = Command::new(own);
    command.arg(WORD).arg(of.get_program()).args(of.get_args());
    for (name, value) in of.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

#[cfg(not(unix))]
pub(super) fn command(of: &Command) -> Command {
    let mut command = Command::new(of.get_program());
    command.args(of.get_args());
    command.envs(of.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Becomes the other program, if it was started for that.
#[cfg(unix)]
pub(crate) fn become_other() -> Option<ExitCode> {
    use std::os::unix::process::CommandExt;

    let mut words = std::env::args_os().skip(1);
    if words.next()? != WORD {
        return None;
    }
    let program = words.next()?;
    let is_clean = nix::sys::signal::SigSet::empty().thread_set_mask().is_ok();
    if is_clean && rustix::process::setsid().is_ok() {
        // It returns only where it fails, and whoever waits sees the status.
        let _ = Command::new(program).args(words).exec();
    }
    Some(ExitCode::from(NOT_EXECUTED))
}

#[cfg(not(unix))]
pub(crate) fn become_other() -> Option<ExitCode> {
    None
}
