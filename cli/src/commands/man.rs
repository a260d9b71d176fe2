//! `kubelock man FOLDER`: the manual pages, made of what the help texts are made of.

use std::path::PathBuf;

use clap::Command;

use crate::args;
use crate::args::environment;
use crate::exit::Exit;
use crate::failure::Failure;

/// Write the manual pages into a folder
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// An existing folder
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub(crate) fn run(args: &ManArgs) -> Result<Exit, Failure> {
    let command = with_variables(args::bare_definition());
    clap_mangen::generate_to(command, &args.folder).map_err(|error| {
        Failure::failed(format!("cannot write to {}: {error}", args.folder.display()))
    })?;
    Ok(Exit::Done)
}

/// A page has room for what a screen has not.
fn with_variables(command: Command) -> Command {
    command
        .mut_args(|arg| match arg.get_long().and_then(environment::variable) {
            Some(variable) => arg.env(&*variable.leak()).hide_env(false).hide_env_values(true),
            None => arg,
        })
        .mut_subcommands(with_variables)
}
