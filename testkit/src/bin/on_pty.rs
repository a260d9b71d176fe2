//! Becomes a program whose controlling terminal is its stdin, as a login does.

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::process::{ioctl_tiocsctty, setsid};

#[expect(clippy::print_stderr, reason = "the caller reads it")]
fn main() -> ExitCode {
    let Err(error) = log_in();
    eprintln!("{error}");
    ExitCode::FAILURE
}

fn log_in() -> Result<Infallible, Box<dyn Error>> {
    let mut words = env::args_os().skip(1);
    let program = words.next().ok_or("usage: on_pty PROGRAM [ARG...]")?;
    setsid()?;
    ioctl_tiocsctty(io::stdin())?;
    Err(Command::new(program).args(words).exec().into())
}
