//! What the word at the cursor can become.
//!
//! The protocol is that of cobra, which kubectl speaks with its plugins: the words behind the
//! program's name, the last one unfinished; answered by one candidate a line, a tab and a
//! description behind it, and `:DIRECTIVE` at the end.

mod interrupted;
mod live;
mod programs;
mod typed;

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use clap::{Arg, Command};
use clap_complete::CompletionCandidate;
use clap_complete::engine::{ArgValueCompleter, complete};

use crate::{args, client, output, program};
use typed::Typed;

/// The word that asks for candidates. Shells type it, nobody else.
const WORD: &str = "__complete";
/// Nobody waits longer for a Tab key.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Cobra's directives: no space behind the candidate; no files in place of none.
const NO_SPACE: u8 = 2;
const NO_FILES: u8 = 4;

/// Answers a shell or kubectl, if one asks.
///
/// Silent whatever happens: a prompt is no place for errors.
pub(crate) fn answer() -> Option<ExitCode> {
    let words = asked()?;
    keep_silent();
    client::ask_nobody();
    interrupted::leave_nothing_behind();
    let (tell, told) = channel();
    let work = thread::Builder::new().spawn(move || {
        // Nobody may wait any more.
        let _ = tell.send(candidates(&words));
    });
    let found = work.ok().and_then(|_| told.recv_timeout(PATIENCE).ok()).unwrap_or_default();
    client::kill_alone();
    // A shell that has gone away needs no answer.
    let _ = output::print(&listed(&found));
    Some(ExitCode::SUCCESS)
}

/// The words to be completed, where that is what this process is for.
fn asked() -> Option<Vec<OsString>> {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    if program::is_completer() {
        words.remove(0);
    } else if words.get(1).is_some_and(|word| word == WORD) {
        words.drain(..2);
    } else {
        return None;
    }
    if words.is_empty() {
        words.push(OsString::new());
    }
    Some(words)
}

/// Whoever speaks or asks here is neither heard nor answered.
#[cfg(unix)]
fn keep_silent() {
    if let Ok(nowhere) = std::fs::File::options().read(true).write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdin(&nowhere);
        let _ = rustix::stdio::dup2_stderr(&nowhere);
    }
}

#[cfg(not(unix))]
fn keep_silent() {}

fn candidates(words: &[OsString]) -> Vec<CompletionCandidate> {
    let Some((last, before)) = words.split_last() else { return Vec::new() };
    let typed = Typed::of(args::bare_definition(), before);
    let mut command = completing(args::bare_definition(), &typed);
    // The long names of all options, not the short ones of some.
    let last = if last == "-" { OsStr::new("--") } else { last.as_os_str() };
    let line = before.iter().map(OsString::as_os_str).chain([last]);
    let line: Vec<OsString> =
        std::iter::once(OsStr::new("kubelock")).chain(line).map(OsString::from).collect();
    let index = line.len() - 1;
    let folder = std::env::current_dir().ok();
    let found = complete(&mut command, line, index, folder.as_deref()).unwrap_or_default();
    fitting(found, last)
}

/// Names come before options, which are offered to whoever has typed a dash; short ones never.
fn fitting(found: Vec<CompletionCandidate>, last: &OsStr) -> Vec<CompletionCandidate> {
    let is_option = |it: &CompletionCandidate| it.get_value().to_string_lossy().starts_with('-');
    let is_short = |it: &CompletionCandidate| is_option(it) && it.get_value().len() == 2;
    let has_names = found.iter().any(|it| !is_option(it));
    let fits = |it: &CompletionCandidate| {
        let unwanted = last.is_empty() && has_names && is_option(it);
        !unwanted && (!is_short(it) || it.get_value() == last)
    };
    found.into_iter().filter(fits).collect()
}

fn listed(candidates: &[CompletionCandidate]) -> String {
    let mut lines = String::new();
    let mut directive = NO_FILES;
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        if value.contains(['\n', '\t']) {
            continue;
        }
        if value.ends_with(['/', '=']) {
            directive |= NO_SPACE;
        }
        lines.push_str(&value);
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        if let Some(help) = help.lines().next() {
            // Writing to a string cannot fail.
            let _ = write!(lines, "\t{help}");
        }
        lines.push('\n');
    }
    lines + &format!(":{directive}\n")
}

/// The command line, with what it takes to complete its values.
fn completing(command: Command, typed: &Typed) -> Command {
    command
        .mut_args(|arg| with_completer(arg, typed))
        .mut_subcommands(|subcommand| completing(subcommand, typed))
}

fn with_completer(arg: Arg, typed: &Typed) -> Arg {
    let typed = typed.clone();
    let completer = match arg.get_id().as_str() {
        "lock" | "locks" => ArgValueCompleter::new(move |word: &OsStr| live::locks(&typed, word)),
        "on" => ArgValueCompleter::new(move |word: &OsStr| live::objects(&typed, word)),
        "namespace" => ArgValueCompleter::new(move |word: &OsStr| live::namespaces(&typed, word)),
        "context" => ArgValueCompleter::new(move |word: &OsStr| live::contexts(&typed, word)),
        "command" => ArgValueCompleter::new(move |word: &OsStr| programs::found(&typed, word)),
        _ => return arg,
    };
    arg.add(completer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(line: &[&str]) -> Vec<String> {
        let words: Vec<OsString> = line.iter().map(Into::into).collect();
        let found = candidates(&words);
        found.iter().map(|it| it.get_value().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn commands_and_options_complete_without_a_cluster() {
        assert_eq!(completed(&["acq"]), ["acquire"]);
        assert_eq!(completed(&["get", "--reque"]), ["--request-timeout"]);
        assert_eq!(completed(&["get", "-o", "j"]), ["json"]);
        assert!(completed(&["get", "-"]).contains(&"--output".to_owned()));
        assert!(completed(&[""]).contains(&"doctor".to_owned()));
        assert!(completed(&["nonsense", "x"]).is_empty());
    }

    #[test]
    fn types_complete_without_a_cluster_and_wait_for_their_name() {
        assert_eq!(completed(&["get", "--on", "confi"]), ["configmap/"]);
        assert_eq!(completed(&["get", "--on=cm"]), ["--on=cm/"]);
        assert!(listed(&candidates(&["get".into(), "--on".into(), "cm".into()])).ends_with(":6\n"));
    }

    #[test]
    fn no_candidate_breaks_the_protocol() {
        let odd = [CompletionCandidate::new("a\nb"), CompletionCandidate::new("plain")];
        assert_eq!(listed(&odd), "plain\n:4\n");
    }
}
