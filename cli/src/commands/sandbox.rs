//! `kubelock sandbox`: a Kubernetes API in memory, for as long as a command runs.

mod command;
mod sweeper;

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use nix::sys::signal::Signal;
use sandbox::{Sandbox, Server, User};

use super::run::program;
use super::run::signals::{self, Signals};
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint::quoted;
use crate::output::{self, talk};
use crate::program::name;
use sweeper::Sweeper;

/// A Kubernetes API in memory, to try things without a cluster
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SandboxArgs {
    /// What to run with KUBECONFIG set, and what it takes [default: nothing, stay up]
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    command: Vec<OsString>,
    /// Port of 127.0.0.1 to listen on [default: any that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,
}

const EXAMPLES: &str = "\
Examples:
  kubelock sandbox -- kubelock run deploy -- echo mine
  kubelock sandbox -- sh -c 'kubectl get configmaps && make test'
  kubelock sandbox                               stays up, and prints what KUBECONFIG to set

Exit status: the command's own, 128+N if signal N ended it; 125 refused or failed before the
  command ran, 126 it cannot be executed, 127 it does not exist";

/// Becomes the command, or the process that tidies up, if it was started as such.
pub(crate) fn inner_process() -> Option<ExitCode> {
    command::inner_process().or_else(sweeper::inner_process)
}

/// What fails before the command runs has a status of its own.
pub(crate) fn before_the_command(mut failure: Failure) -> Failure {
    if matches!(failure.exit, Exit::Failed | Exit::Usage) {
        failure.exit = Exit::NotRun;
    }
    failure
}

pub(crate) async fn run(
    args: SandboxArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let (exit, signal) = served(args, cluster, common).await.map_err(before_the_command)?;
    if let Some(signal) = signal.filter(|it| matches!(it, Signal::SIGINT | Signal::SIGQUIT)) {
        // A shell around it must learn that somebody wants it all to end.
        signals::die_of(signal, false);
    }
    Ok(exit)
}

/// How it ended, and by which signal. Nothing is left behind by then.
async fn served(
    args: SandboxArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<(Exit, Option<Signal>), Failure> {
    check(&args, cluster)?;
    // Before there are threads.
    let mut signals = Signals::take_over()
        .map_err(|error| Failure::failed(format!("cannot watch for signals: {error}")))?;
    let server = start(args.port)?;
    let kubeconfig = server.kubeconfig_for(User::ADMINISTRATOR).map_err(|error| cannot(&error))?;
    let _sweeper = Sweeper::start(folder(&kubeconfig)).map_err(|error| cannot(&error))?;
    if args.command.is_empty() {
        let signal = stay_up(&server, &kubeconfig, &mut signals, common).await?;
        Ok((Exit::Command(128 + signal as u8), Some(signal)))
    } else {
        command::run(&args.command, &kubeconfig, &mut signals).await
    }
}

fn check(args: &SandboxArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    let given = [
        ("--context", cluster.context.is_some()),
        ("--kubeconfig", cluster.kubeconfig.is_some()),
        ("--namespace", cluster.namespace.is_some()),
        ("--as", cluster.as_user.is_some()),
        ("--as-group", !cluster.as_groups.is_empty()),
    ];
    if let Some((flag, _)) = given.into_iter().find(|(_, given)| *given) {
        let message = format!("{flag} means nothing to a sandbox: it is a cluster of its own");
        let hint = format!("give it to the command: {} sandbox -- COMMAND {flag} …", name());
        return Err(Failure::usage(message).hint(hint));
    }
    args.command.first().map_or(Ok(()), |program| program::check(program))
}

fn start(port: u16) -> Result<Server, Failure> {
    Server::start_on(Sandbox::new(), port).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Failure::failed(format!("port {port} of 127.0.0.1 is in use"))
            .hint("without --port any port that is free is taken"),
        ErrorKind::PermissionDenied => {
            Failure::failed(format!("port {port} of 127.0.0.1 is not for this user: {error}"))
                .hint("ports from 1024 on are for everybody")
        }
        _ => cannot(&error),
    })
}

fn cannot(error: &io::Error) -> Failure {
    Failure::failed(format!("cannot start the sandbox: {error}"))
}

/// Where the kubeconfig is, and nothing else.
fn folder(kubeconfig: &Path) -> PathBuf {
    kubeconfig.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Says where it is, and waits for the signal that ends it.
async fn stay_up(
    server: &Server,
    kubeconfig: &Path,
    signals: &mut Signals,
    common: &CommonArgs,
) -> Result<Signal, Failure> {
    let url = server.url();
    output::print(&format!("export KUBECONFIG={}\n", quoted(&kubeconfig.display().to_string())))?;
    talk::note(common, &format!("a Kubernetes API in memory is at {url}; Ctrl-C ends it"));
    talk::note(common, "it has the usual namespaces, and configmap/app in default");
    loop {
        match signals.next().await {
            Signal::SIGTSTP => drop(signals.stop().await),
            signal if signals::ends(signal) => return Ok(signal),
            _ => {}
        }
    }
}
