//! `kubelock`: take, see and release distributed locks on Kubernetes objects.
#![cfg_attr(not(unix), allow(dead_code, reason = "`run` is left out there, and what only it uses"))]

mod alike;
mod args;
#[cfg(unix)]
mod boottime;
mod client;
mod commands;
mod completion;
mod deadline;
mod discovery;
mod exit;
mod failure;
mod glance;
mod hint;
mod kind;
mod kinds;
mod list;
mod nearby;
mod once;
mod output;
mod owner;
mod patient;
mod program;
mod query;
mod secrets;
mod sentence;
mod server_version;
mod target;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(exit) = client::unblocked::become_other() {
        return exit;
    }
    #[cfg(unix)]
    if let Some(exit) = commands::run::inner_process().or_else(commands::sandbox::inner_process) {
        return exit;
    }
    if let Some(exit) = completion::answer() {
        return exit;
    }
    let (cli, variables) = match args::parse() {
        Ok(parsed) => parsed,
        Err(exit) => return exit.into(),
    };
    let exit = commands::run(cli).unwrap_or_else(|failure| {
        let failure = variables.named_in(failure);
        output::talk::failure(&failure);
        failure.exit
    });
    exit.into()
}
