//! The command line's arguments.

pub(crate) mod cluster;
pub(crate) mod duration;
pub(crate) mod environment;
#[cfg(test)]
mod examples;
pub(crate) mod lock;
pub(crate) mod origin;
pub(crate) mod wait;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{
    acquire::AcquireArgs, breaking::BreakArgs, completion::CompletionArgs, doctor::DoctorArgs,
    gc::GcArgs, get::GetArgs, man::ManArgs, rbac::RbacArgs, release::ReleaseArgs, renew::RenewArgs,
    version::VersionArgs,
};
#[cfg(unix)]
use crate::commands::{run::RunArgs, sandbox::SandboxArgs};
use crate::exit::Exit;
use crate::output::talk;
use crate::program;
use cluster::ClusterArgs;
use origin::Variables;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "kubelock", version, about = ABOUT, long_about = None, after_help = EXAMPLES)]
#[command(help_template = TEMPLATE)]
#[command(disable_help_subcommand = true, arg_required_else_help = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options are those of the commands: they are explained there.
const TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}\n\nCommands:\n{subcommands}{after-help}";

const ABOUT: &str = "\
Distributed locks on any Kubernetes object
A lock is one annotation on it: there is nothing to install in the cluster.";

const EXAMPLES: &str = "\
Examples:
  kubelock run deploy -n ci -- make deploy       hold it while a command runs
  kubelock acquire deploy -n ci                  on lease/deploy, made when it is missing
  kubelock acquire schema --on configmap/app     on an object that exists
  kubelock get deploy -n ci                      who holds it, since when, for how long
  kubelock renew deploy -n ci                    for as long again
  kubelock release deploy -n ci
  kubelock doctor -n ci                          what would go wrong here, and the remedy
  kubelock sandbox -- kubelock acquire deploy    without a cluster, on an API in memory

Options: see the --help of each command. Those that say which cluster, and as whom, are kubectl's
  (-n, --context, --as). Most have a variable: --request-timeout is KUBELOCK_REQUEST_TIMEOUT.
Exit status:
  0 done, 1 failed, 2 wrong usage, 10 yours already, 11 held by another, 12 not held, 15 unknown
  run, sandbox: the command's own; 123 lost, 124 not acquired, 125 not run, 126 or 127 no command";

/// One subcommand each.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[cfg(unix)]
    Run(RunArgs),
    Acquire(AcquireArgs),
    Renew(RenewArgs),
    Release(ReleaseArgs),
    Get(GetArgs),
    Break(BreakArgs),
    Gc(GcArgs),
    Rbac(RbacArgs),
    Doctor(DoctorArgs),
    #[cfg(unix)]
    Sandbox(SandboxArgs),
    Completion(CompletionArgs),
    #[command(hide = true)]
    Man(ManArgs),
    Version(VersionArgs),
}

/// What every command understands.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Other options")]
pub(crate) struct CommonArgs {
    /// Say nothing but data and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show the requests that are made
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// Parses the command line, or says what is wrong with it; or shows the help.
pub(crate) fn parse() -> Result<(Cli, Variables), Exit> {
    let words = asking_for_help(std::env::args_os().collect());
    let mut command = environment::apply(definition(program::name()), &words);
    let parsed = command.try_get_matches_from_mut(&words).and_then(|matches| {
        consistent(&matches)?;
        let variables = Variables::of(&command, &matches);
        Ok((Cli::from_arg_matches(&matches)?, variables))
    });
    parsed.map_err(|error| {
        let error = in_other_words(error, &words);
        // A stderr that is closed leaves nobody to tell.
        let _ = error.print();
        let typed = environment::Typed::of(definition(program::name()), &words);
        for hint in origin::hints(&error, &|long| typed.has(&long.replace('-', "_"))) {
            talk::hint(&hint);
        }
        refused(&error, words)
    })
}

/// `kubelock help run` is `kubelock run --help`, as with kubectl.
fn asking_for_help(mut words: Vec<OsString>) -> Vec<OsString> {
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.truncate(2);
        words.push("--help".into());
    }
    words
}

/// Behind `--wait`, which needs no value, a negative one looks like an option.
fn in_other_words(error: clap::Error, words: &[OsString]) -> clap::Error {
    let is_negative = |word: &str| {
        let digits = word.strip_prefix('-');
        digits.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
    };
    let mut pairs = words.windows(2).filter(|pair| pair[0] == "--wait");
    let value = pairs.find_map(|pair| pair[1].to_str().filter(|word| is_negative(word)));
    match value {
        Some(value) if error.kind() == ErrorKind::UnknownArgument => {
            let words = format!("invalid value '{value}' for '--wait': {}", duration::NEGATIVE);
            definition(program::name()).error(ErrorKind::ValueValidation, words)
        }
        _ => error,
    }
}

/// The status of a command line that is not to be run.
fn refused(error: &clap::Error, words: Vec<OsString>) -> Exit {
    match error.use_stderr() {
        false => Exit::Done,
        // Its other statuses are those of the command.
        true if runs_a_command(words) => Exit::NotRun,
        true => Exit::Usage,
    }
}

/// Whether `run` or `sandbox` is meant, as far as such a command line can tell.
fn runs_a_command(words: Vec<OsString>) -> bool {
    let lenient = definition("kubelock").ignore_errors(true).try_get_matches_from(words);
    let meant = lenient.ok().and_then(|matches| matches.subcommand_name().map(str::to_owned));
    meant.is_some_and(|meant| meant == "run" || meant == "sandbox")
}

/// Refuses what the definition cannot.
fn consistent(matches: &ArgMatches) -> Result<(), clap::Error> {
    let Some((name, matches)) = matches.subcommand() else { return Ok(()) };
    if !names_owner_and_hold(matches) {
        return Ok(());
    }
    let words = "the argument '--owner <OWNER>' cannot be used with '--hold <ID>'";
    let mut definition = definition(program::name());
    definition.build();
    let mut command = definition.find_subcommand(name).cloned().unwrap_or(definition);
    Err(command.error(ErrorKind::ArgumentConflict, words))
}

/// An owner from the environment is no contradiction: a command under `run` has one there.
fn names_owner_and_hold(matches: &ArgMatches) -> bool {
    let typed = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
    matches.try_contains_id("hold").is_ok() && typed("hold") && typed("owner")
}

/// The same for what is made of it: completions and pages.
pub(crate) fn bare_definition() -> clap::Command {
    definition("kubelock")
}

/// The command line of a program of this name: its examples can be typed as they stand.
fn definition(program: &'static str) -> clap::Command {
    let examples = |command: clap::Command| match command.get_after_help().map(ToString::to_string)
    {
        Some(text) if program != "kubelock" => {
            command.after_help(text.replace("  kubelock ", &format!("  {program} ")))
        }
        _ => command,
    };
    examples(without_cluster(Cli::command().bin_name(program))).mut_subcommands(examples)
}

/// A sandbox is a cluster of its own: what says which cluster, and as whom, is refused there, and
/// not shown.
fn without_cluster(command: clap::Command) -> clap::Command {
    let is_refused = |arg: &&clap::Arg| {
        let long = arg.get_long().unwrap_or_default();
        long == "namespace" || environment::OF_OTHER_CLUSTERS.contains(&long)
    };
    let refused = command.get_arguments().filter(is_refused);
    let hidden: Vec<clap::Arg> = refused.map(|arg| arg.clone().hide(true)).collect();
    command.mut_subcommands(|subcommand| match subcommand.get_name() {
        "sandbox" => subcommand.args(hidden.clone()),
        _ => subcommand,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        definition("kubelock").debug_assert();
    }

    #[cfg(unix)]
    #[test]
    fn a_run_that_is_mistyped_is_told_from_the_commands_own_end() {
        let code = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
            let error = definition("kubelock").try_get_matches_from(&words).unwrap_err();
            refused(&error, words).code()
        };
        for line in ["run", "run deploy", "run deploy --nonsense -- true", "-n ci run deploy"] {
            assert_eq!(code(&format!("kubelock {line}")), 125, "{line}");
        }
        for line in
            ["run deploy --ttl soon true", "run -E 256 deploy true", "run deploy -q -v true"]
        {
            assert_eq!(code(&format!("kubelock {line}")), 125, "{line}");
        }
        for line in ["acquire", "-n run acquire", "nonsense", "--nonsense", "release run --ttl 1"] {
            assert_eq!(code(&format!("kubelock {line}")), 2, "{line}");
        }
        for line in ["--help", "run --help", "run -h", "--version"] {
            assert_eq!(code(&format!("kubelock {line}")), 0, "{line}");
        }
    }

    #[test]
    fn the_plugins_help_shows_what_its_users_type() {
        let mut plugin = definition("kubectl kubelock");
        let get = plugin.find_subcommand_mut("get").unwrap().render_help().to_string();

        assert!(get.contains("\n  kubectl kubelock get deploy -n ci\n"), "{get}");
        assert!(
            plugin
                .render_help()
                .to_string()
                .contains("Usage: kubectl kubelock [OPTIONS] <COMMAND>")
        );
    }
}
