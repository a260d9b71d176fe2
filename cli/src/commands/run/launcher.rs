//! The third process, which becomes the command.
//!
//! It waits until both others know its group, so that no command ever runs which one of them
//! cannot end; and it has one thread and nothing to lose when it opens up for signals.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use super::channel::Channel;
use super::message::{Order, Report};
use super::signals;

/// Becomes the command as soon as it is told to; ends if nobody tells it.
pub(super) fn run(words: &[OsString]) -> ExitCode {
    let Ok(channel) = Channel::from_stdin() else { return ExitCode::FAILURE };
    let Err(error) = become_command(&channel, words);
    // Nobody may be left to be told.
    let _ = channel.send(Report::Refused(error.raw_os_error().unwrap_or(0)));
    ExitCode::FAILURE
}

fn become_command(channel: &Channel, words: &[OsString]) -> io::Result<Infallible> {
    let [program, arguments @ ..] = words else { return Err(io::ErrorKind::InvalidInput.into()) };
    let Some((Order::Go, Some(stdin))) = channel.receive_fd()? else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    signals::unblock_all()?;
    Err(Command::new(program).args(arguments).stdin(stdin).exec())
}
