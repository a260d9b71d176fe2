//! Each option has a variable: `--request-timeout` is `KUBELOCK_REQUEST_TIMEOUT`.

use std::ffi::OsString;

use clap::builder::FalseyValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// Options that no variable stands for.
///
/// `run` tells its command of its lock by `KUBELOCK_ON`, `KUBELOCK_NAMESPACE` and
/// `KUBELOCK_HOLD`: a command under one lock would take the next one on the wrong object. And
/// what is meant once, and would do harm elsewhere, is said each time.
const WITHOUT: [&str; 15] = [
    "help",
    "version",
    "on",
    "namespace",
    "all-namespaces",
    "hold",
    "no-wait",
    "yes",
    "live",
    "force",
    // Who is granted something must be seen in the line that does it.
    "user",
    "group",
    "serviceaccount",
    "name",
    // Kubernetes sets KUBELOCK_PORT in pods beside a Service of that name.
    "port",
];

/// A sandbox is a cluster of its own: it refuses these if they are typed.
pub(crate) const OF_OTHER_CLUSTERS: [&str; 4] = ["context", "kubeconfig", "as", "as-group"];

/// Options of which the one typed last counts.
const OPPOSITES: [[&str; 2]; 2] = [["wait", "no_wait"], ["no_wait", "wait"]];

/// The variable of an option.
pub(crate) fn variable(long: &str) -> Option<String> {
    let name = long.replace('-', "_").to_ascii_uppercase();
    (!WITHOUT.contains(&long)).then(|| format!("KUBELOCK_{name}"))
}

/// The same for one command. Who breaks a lock says why each time; why one is held, a pipeline may
/// say for all of its locks.
pub(crate) fn variable_of(command: &str, long: &str) -> Option<String> {
    variable(long).filter(|_| (command, long) != ("break", "reason"))
}

/// Whether the value is none of this command's, though it is one of another's: `wide` is for
/// tables. What no command takes is refused, so that nobody waits in vain for its effect.
fn is_for_others(root: &Command, arg: &Arg, variable: &str) -> bool {
    let Ok(value) = std::env::var(variable) else { return false };
    let takes = |arg: &Arg| {
        let values = arg.get_possible_values();
        values.is_empty() || values.iter().any(|it| it.matches(&value, false))
    };
    let same = |command: &Command| {
        command.get_arguments().any(|it| it.get_long() == arg.get_long() && takes(it))
    };
    !takes(arg) && root.get_subcommands().any(same)
}

/// Lets the variables that are set stand for what was not typed.
pub(crate) fn apply(command: Command, words: &[OsString]) -> Command {
    let is_ours = |name: OsString| name.to_string_lossy().starts_with("KUBELOCK_");
    if !std::env::vars_os().any(|(name, _)| is_ours(name)) {
        return command;
    }
    let typed = Typed::of(command.clone(), words);
    let mut command = command;
    command.build();
    let root = command.clone();
    applied(command, &root, &typed)
}

fn applied(command: Command, root: &Command, typed: &Typed) -> Command {
    let known = command.clone();
    command
        .mut_args(|arg| match stands_in(&known, &arg, typed) {
            Some(variable) if !is_for_others(root, &arg, &variable) => with_variable(arg, variable),
            _ => arg,
        })
        .mut_subcommands(|subcommand| applied(subcommand, root, typed))
}

/// The variable that counts for this option. What was typed counts against it, and against all
/// that it contradicts.
fn stands_in(command: &Command, arg: &Arg, typed: &Typed) -> Option<String> {
    if arg.get_env().is_some() || typed.has(arg.get_id().as_str()) {
        return None; // It has its variable already, or needs none.
    }
    let long = arg.get_long()?;
    if typed.is_for("sandbox") && OF_OTHER_CLUSTERS.contains(&long) {
        return None;
    }
    let variable = variable_of(command.get_name(), long)?;
    let is_set = std::env::var_os(&variable).is_some_and(|value| !value.is_empty());
    let contradicts = |other: &Arg| {
        let one = command.get_arg_conflicts_with(arg);
        let other_way = command.get_arg_conflicts_with(other);
        OPPOSITES.contains(&[arg.get_id().as_str(), other.get_id().as_str()])
            || one.iter().any(|conflict| conflict.get_id() == other.get_id())
            || other_way.iter().any(|conflict| conflict.get_id() == arg.get_id())
    };
    let is_ruled_out = command
        .get_arguments()
        .any(|other| typed.has(other.get_id().as_str()) && contradicts(other));
    // One object needs no selecting.
    let is_idle = long == "selector" && typed.names_an_object();
    (is_set && !is_ruled_out && !is_idle).then_some(variable)
}

fn with_variable(arg: Arg, variable: String) -> Arg {
    // clap keeps names for as long as the program runs.
    let arg = arg.env(&*variable.leak()).hide_env(true);
    match arg.get_action() {
        ArgAction::SetTrue => arg.value_parser(FalseyValueParser::new()),
        _ => arg,
    }
}

/// What stands on the command line itself.
pub(super) struct Typed(Option<ArgMatches>);

impl Typed {
    pub(super) fn of(command: Command, words: &[OsString]) -> Self {
        Self(command.ignore_errors(true).try_get_matches_from(words).ok())
    }

    /// Whether it names this command.
    fn is_for(&self, command: &str) -> bool {
        self.0.as_ref().and_then(ArgMatches::subcommand_name) == Some(command)
    }

    /// Whether `--on` has a name behind its type.
    fn names_an_object(&self) -> bool {
        let matches = self.0.as_ref().and_then(ArgMatches::subcommand).map(|(_, matches)| matches);
        let on = matches.and_then(|it| it.try_get_many::<String>("on").ok().flatten());
        on.is_some_and(|mut on| on.any(|on| on.contains('/')))
    }

    pub(super) fn has(&self, id: &str) -> bool {
        let mut level = self.0.as_ref();
        while let Some(matches) = level {
            let source = matches.try_contains_id(id).ok().and_then(|_| matches.value_source(id));
            if source == Some(ValueSource::CommandLine) {
                return true;
            }
            level = matches.subcommand().map(|(_, matches)| matches);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longs(command: &Command) -> Vec<String> {
        let own = command.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned));
        own.chain(command.get_subcommands().flat_map(longs)).collect()
    }

    #[test]
    fn an_option_without_a_variable_is_an_option_that_there_is() {
        let mut command = crate::args::bare_definition();
        command.build();
        let longs = longs(&command);
        for without in WITHOUT {
            assert!(longs.iter().any(|long| long == without), "{without}");
        }
        assert!(longs.iter().any(|long| long == "reason"));
    }

    #[test]
    fn a_variable_is_called_as_its_option() {
        assert_eq!(variable("request-timeout").as_deref(), Some("KUBELOCK_REQUEST_TIMEOUT"));
        assert_eq!(variable("namespace"), None);
        assert_eq!(variable_of("run", "reason").as_deref(), Some("KUBELOCK_REASON"));
        assert_eq!(variable_of("break", "reason"), None);
    }
}
