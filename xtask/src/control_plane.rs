use std::process::{Command, ExitCode, ExitStatus};
use std::thread;

use anyhow::{Result, bail};
use testkit::ControlPlane;

use crate::cargo;
use crate::terminal::{print, say};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to run, with KUBECONFIG set
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let control_plane = start()?;
    match args.command.split_first() {
        Some((program, arguments)) => run_command(&control_plane, program, arguments),
        None => stay_up(&control_plane),
    }
}

/// Says what it does, since the first time takes minutes.
pub(crate) fn start() -> Result<ControlPlane> {
    say("starting etcd and kube-apiserver");
    ControlPlane::start().or_else(|error| bail!(testkit::report(&error)))
}

fn run_command(
    control_plane: &ControlPlane,
    program: &str,
    arguments: &[String],
) -> Result<ExitCode> {
    let mut command = Command::new(program);
    command.args(arguments).env("KUBECONFIG", control_plane.kubeconfig());
    Ok(passed_on(cargo::status(&mut command)?))
}

/// The control plane ends when this process does, whatever way that is.
fn stay_up(control_plane: &ControlPlane) -> Result<ExitCode> {
    print(&format!("export KUBECONFIG={}", control_plane.kubeconfig().display()));
    say("ready; Ctrl-C ends it");
    loop {
        thread::park();
    }
}

/// Of a command that a signal ended, what a shell would say.
pub(crate) fn passed_on(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
