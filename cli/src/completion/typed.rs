//! What stands on the command line already.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Command};

use crate::args::cluster::ClusterArgs;
use crate::args::environment;

/// What decides where to look for candidates.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    pub(super) command: String,
    /// The words of COMMAND have begun.
    pub(super) has_program: bool,
    pub(super) on: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) namespace: Option<String>,
    context: Option<String>,
    kubeconfig: Option<PathBuf>,
    as_user: Option<String>,
    as_groups: Vec<String>,
}

impl Typed {
    /// Reads as much as can be understood of the words before the last, and of the variables.
    pub(super) fn of(command: Command, words: &[OsString]) -> Self {
        let line: Vec<OsString> =
            std::iter::once(OsString::from("kubelock")).chain(words.iter().cloned()).collect();
        let command = environment::apply(command, &line);
        let Ok(matches) = command.ignore_errors(true).try_get_matches_from(line) else {
            return Self::default();
        };
        let (name, inner) = matches.subcommand().unwrap_or(("", &matches));
        let one = |id| text(inner, id).or_else(|| text(&matches, id));
        Self {
            command: name.to_owned(),
            has_program: inner.try_get_raw("command").is_ok_and(|words| words.is_some()),
            on: one("on"),
            prefix: one("prefix"),
            namespace: one("namespace"),
            context: one("context"),
            kubeconfig: path(inner, "kubeconfig").or_else(|| path(&matches, "kubeconfig")),
            as_user: one("as_user"),
            as_groups: texts(inner, "as_groups"),
        }
    }

    /// Where to look, and as whom.
    pub(super) fn cluster(&self, request_timeout: Duration) -> ClusterArgs {
        ClusterArgs {
            namespace: self.namespace.clone(),
            context: self.context.clone(),
            kubeconfig: self.kubeconfig.clone(),
            as_user: self.as_user.clone(),
            as_groups: self.as_groups.clone(),
            request_timeout,
        }
    }

    /// `--kubeconfig`, which says what contexts there are.
    pub(super) fn kubeconfig(&self) -> Option<&std::path::Path> {
        self.kubeconfig.as_deref()
    }
}

fn text(matches: &ArgMatches, id: &str) -> Option<String> {
    matches.try_get_one::<String>(id).ok().flatten().cloned()
}

/// Some may be named several times: the last counts.
fn texts(matches: &ArgMatches, id: &str) -> Vec<String> {
    matches.try_get_many(id).ok().flatten().map(|all| all.cloned().collect()).unwrap_or_default()
}

fn path(matches: &ArgMatches, id: &str) -> Option<PathBuf> {
    matches.try_get_one::<PathBuf>(id).ok().flatten().cloned()
}
