//! Values that nobody typed: the variables that they come from are named where they are refused.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::environment::variable;
use crate::exit::Exit;
use crate::failure::Failure;

/// An option whose value came from a variable.
struct Stand {
    flag: String,
    variable: String,
    value: String,
}

/// All of them in one command line.
pub(crate) struct Variables(Vec<Stand>);

impl Variables {
    pub(super) fn of(definition: &Command, matches: &ArgMatches) -> Self {
        let Some((name, matches)) = matches.subcommand() else { return Self(Vec::new()) };
        let command = definition.find_subcommand(name);
        let args = command.into_iter().flat_map(Command::get_arguments);
        let stands = args.filter_map(|arg| {
            let id = arg.get_id().as_str();
            let long = arg.get_long()?;
            let is_stand = matches.try_contains_id(id).is_ok()
                && matches.value_source(id) == Some(ValueSource::EnvVariable);
            let value = matches.get_raw(id).and_then(|mut values| values.next());
            let value = value.unwrap_or_default().to_string_lossy().into_owned();
            is_stand.then(|| Stand { flag: format!("--{long}"), variable: named(long), value })
        });
        Self(stands.collect())
    }

    /// Names those that a failure to use what was asked for is about.
    pub(crate) fn named_in(&self, failure: Failure) -> Failure {
        if !matches!(failure.exit, Exit::Usage | Exit::NotRun) {
            return failure;
        }
        let message = failure.message.clone();
        let is_about = |stand: &&Stand| {
            let has_value = !stand.value.is_empty() && message.contains(&stand.value);
            has_value || message.contains(&stand.flag)
        };
        let hint =
            |stand: &Stand| format!("{} comes from the variable {}", stand.flag, stand.variable);
        self.0.iter().filter(is_about).map(hint).fold(failure, Failure::hint)
    }
}

fn named(long: &str) -> String {
    variable(long).unwrap_or_default()
}

/// What to say of the variables that an error of the command line is about.
pub(super) fn hints(error: &clap::Error, typed: &dyn Fn(&str) -> bool) -> Vec<String> {
    match error.kind() {
        ErrorKind::InvalidUtf8 => unreadable(),
        ErrorKind::ArgumentConflict => {
            let longs = [ContextKind::InvalidArg, ContextKind::PriorArg].map(|it| long(error, it));
            let stands = longs.into_iter().flatten().filter(|long| !typed(long) && is_set(long));
            stands
                .map(|long| format!("--{long} comes from the variable {}", named(&long)))
                .collect()
        }
        _ => refused(error, typed).into_iter().collect(),
    }
}

/// Arguments are checked for that, too, but a variable may be far away.
fn unreadable() -> Vec<String> {
    let is_ours = |name: &OsStr| name.to_string_lossy().starts_with("KUBELOCK_");
    let odd = std::env::vars_os().filter(|(name, value)| is_ours(name) && value.to_str().is_none());
    odd.map(|(name, _)| format!("the variable {} is not UTF-8", name.to_string_lossy())).collect()
}

fn refused(error: &clap::Error, typed: &dyn Fn(&str) -> bool) -> Option<String> {
    let long = long(error, ContextKind::InvalidArg)?;
    let value = text(error, ContextKind::InvalidValue)?;
    let is_its = std::env::var(variable(&long)?).is_ok_and(|set| set == value);
    (is_its && !typed(&long)).then(|| format!("the value comes from the variable {}", named(&long)))
}

fn is_set(long: &str) -> bool {
    variable(long).and_then(std::env::var_os).is_some_and(|value: OsString| !value.is_empty())
}

/// The name of an option, as an error calls it: `--ttl <DURATION>`.
fn long(error: &clap::Error, kind: ContextKind) -> Option<String> {
    let long = text(error, kind)?.strip_prefix("--")?;
    long.split([' ', '=']).next().map(str::to_owned)
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}
