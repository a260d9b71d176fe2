//! `kubelock completion SHELL`: the script that makes a shell ask this program.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

/// Print the completion script of a shell: bash, zsh or fish
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionArgs {
    /// Which shell: bash, zsh or fish
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    shell: Shell,
}

/// The shells that there is a script for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

const EXAMPLES: &str = "\
Examples:
  source <(kubelock completion bash)              now; in ~/.bashrc for good
  kubelock completion zsh >\"${fpath[1]}/_kubelock\"
  kubelock completion fish >~/.config/fish/completions/kubelock.fish

Locks, objects, namespaces and contexts are completed, too: one request for each 500 of them.
What cannot be had within 1.5 s is not offered, without a word.
For `kubectl kubelock` put a link named kubectl_complete-kubelock beside kubectl-kubelock.";

pub(crate) fn run(args: &CompletionArgs) -> Result<Exit, Failure> {
    output::print(match args.shell {
        Shell::Bash => include_str!("../completion/kubelock.bash"),
        Shell::Zsh => include_str!("../completion/kubelock.zsh"),
        Shell::Fish => include_str!("../completion/kubelock.fish"),
    })?;
    Ok(Exit::Done)
}
