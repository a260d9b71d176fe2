//! The show of README: a lock taken, refused, waited for and given back, in the sandbox.

use std::env;
use std::io::{BufRead, BufReader, Lines, PipeReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::cargo::{self, cargo};
use crate::control_plane::passed_on;
use crate::terminal::{print, say};

/// What is typed, and the exit status that it must have. What ends in `&` runs beside the rest
/// once it has said that it waits, and ends with the command after it.
const TRANSCRIPT: [(&str, i32); 6] = [
    ("kubelock acquire deploy --owner alice --ttl 30s", 0),
    ("kubelock get deploy", 0),
    ("kubelock acquire deploy --owner bob", 11),
    ("kubelock run deploy --owner bob -- echo my turn &", 0),
    ("kubelock release deploy --owner alice", 0),
    ("kubelock get deploy", 12),
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Runs the commands on the cluster of KUBECONFIG
    #[arg(long, hide = true)]
    inside: bool,
}

/// Fails where a step does not end as it should.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.inside { play() } else { play_in_sandbox() }
}

/// The sandbox runs this very program, and is gone when it ends.
fn play_in_sandbox() -> Result<ExitCode> {
    say("building the command line");
    cargo::succeed(cargo().args(["build", "--quiet", "--bin", "kubelock"]))?;
    say("kubelock sandbox");
    let this = env::current_exe().context("cannot find this program")?;
    let mut sandbox = Command::new(binary());
    sandbox.args(["sandbox", "--"]).arg(this).args(["demo", "--inside"]);
    Ok(passed_on(cargo::status(&mut sandbox)?))
}

fn play() -> Result<ExitCode> {
    let mut beside = None;
    for (typed, expected) in TRANSCRIPT {
        print(&format!("\n$ {typed}"));
        let mut step = Step::start(typed)?;
        if typed.ends_with('&') {
            step.print_line()?;
            beside = Some((step, expected));
            continue;
        }
        step.end_with(expected)?;
        if let Some((step, expected)) = beside.take() {
            step.end_with(expected)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A command of the transcript.
struct Step {
    typed: &'static str,
    child: Child,
    said: Lines<BufReader<PipeReader>>,
}

impl Step {
    fn start(typed: &'static str) -> Result<Self> {
        // One stream keeps answers and errors in their order.
        let (said, stdout) = std::io::pipe().context("cannot make a pipe")?;
        let stderr = stdout.try_clone().context("cannot share a pipe")?;
        let words = typed.trim_end_matches(" &").split_whitespace().skip(1);
        let mut command = Command::new(binary());
        command.args(words);
        // What the caller set for their own locks is not part of the show.
        for variable in ["KUBELOCK_PREFIX", "KUBELOCK_OWNER", "KUBELOCK_HOLD"] {
            command.env_remove(variable);
        }
        let child = command.stdout(stdout).stderr(stderr).spawn().context("cannot run kubelock")?;
        Ok(Self { typed, child, said: BufReader::new(said).lines() })
    }

    fn print_line(&mut self) -> Result<()> {
        if let Some(line) = self.said.next() {
            print(&line.context("cannot read what kubelock says")?);
        }
        Ok(())
    }

    fn end_with(mut self, expected: i32) -> Result<()> {
        for line in self.said.by_ref() {
            print(&line.context("cannot read what kubelock says")?);
        }
        let code = self.child.wait().context("cannot wait for kubelock")?.code();
        ensure!(code == Some(expected), "{}: ended with {code:?}, expected {expected}", self.typed);
        if expected != 0 {
            print(&format!("(exit status {expected})"));
        }
        Ok(())
    }
}

fn binary() -> PathBuf {
    testkit::target_dir().join("debug/kubelock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_show_is_that_of_readme() {
        let readme = include_str!("../../README.md");
        let block = readme.split("```console\n").nth(1).and_then(|rest| rest.split("```").next());
        let steps: Vec<&str> = block.unwrap().split("$ ").skip(1).collect();
        let typed = |step: &&str| {
            let (typed, printed) = step.split_once('\n').unwrap();
            let status = printed.trim_end().rsplit_once("(exit status ");
            let status = status.map(|(_, status)| status.trim_end_matches(')').parse().unwrap());
            (typed.to_owned(), status.unwrap_or(0))
        };
        let shown: Vec<(String, i32)> = steps.iter().map(typed).collect();
        assert_eq!(shown, TRANSCRIPT.map(|(typed, status)| (typed.to_owned(), status)));
    }
}
