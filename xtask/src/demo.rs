use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::cargo::{self, cargo};
use crate::control_plane;
use crate::terminal::{print, say};

/// What is typed, and the exit status that it must have.
const TRANSCRIPT: [(&str, i32); 6] = [
    ("kubelock acquire deploy --owner alice --ttl 30s", 0),
    ("kubelock get deploy", 0),
    ("kubelock acquire deploy --owner bob", 11),
    ("kubelock release deploy --owner alice", 0),
    ("kubelock run deploy --owner bob -- echo working", 0),
    ("kubelock get deploy", 12),
];

/// Fails where a step does not end as it should.
pub(crate) fn run() -> Result<ExitCode> {
    say("building the command line");
    cargo::succeed(cargo().args(["build", "--quiet", "--bin", "kubelock"]))?;
    let control_plane = control_plane::start()?;
    for (typed, expected) in TRANSCRIPT {
        print(&format!("\n$ {typed}"));
        let code = run_step(typed, &control_plane.kubeconfig())?;
        ensure!(code == Some(expected), "{typed}: ended with {code:?}, expected {expected}");
        if expected != 0 {
            print(&format!("(exit status {expected})"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn run_step(typed: &str, kubeconfig: &Path) -> Result<Option<i32>> {
    let arguments = typed.split_whitespace().skip(1);
    let mut command = Command::new(binary());
    command.args(arguments).env("KUBECONFIG", kubeconfig);
    // What the caller set for their own locks is not part of the show.
    for variable in ["KUBELOCK_PREFIX", "KUBELOCK_OWNER", "KUBELOCK_HOLD"] {
        command.env_remove(variable);
    }
    // One stream keeps answers and errors in their order, in a file too.
    let stdout = io::stdout().as_fd().try_clone_to_owned().context("cannot share stdout")?;
    command.stderr(stdout);
    Ok(cargo::status(&mut command)?.code())
}

fn binary() -> PathBuf {
    testkit::target_dir().join("debug/kubelock")
}
