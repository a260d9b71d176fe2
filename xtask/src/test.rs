use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use testkit::ControlPlane;

use crate::cargo::cargo;
use crate::control_plane::{self, passed_on};
use crate::terminal::{print, say};
use crate::test_count::TestCount;

#[derive(Default, clap::Args)]
pub(crate) struct Args {
    /// What to add to `cargo test --workspace`
    #[arg(last = true, value_name = "ARG")]
    more: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    // One build after the other: each of them keeps all cores busy.
    build_go()?;
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]).args(&args.more);
    // Kept until the tests are over, then gone.
    let _shared = share_control_plane(&mut command)?;
    let (count, code) = run_counted(&mut command)?;
    print(&format!("\n{count}"));
    if testkit::clusters_are_skipped() {
        print(SKIPPED);
    }
    Ok(code)
}

/// All that our tests and measurements need of Go.
pub(crate) fn build_go() -> Result<()> {
    testkit::go::build_all().or_else(|error| bail!(testkit::report(&error)))
}

const SKIPPED: &str = "\
skipped, as KUBELOCK_TEST_CLUSTER=none asks: all tests on a real API server (the library's
calls, faults, RBAC, admission, interop with the Go package, the command line, the test kit)";

/// One for all test binaries, so that not each of them starts its own.
fn share_control_plane(command: &mut Command) -> Result<Option<ControlPlane>> {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let has_cluster = is_set("E2E_KUBECONFIG") || is_set("KUBELOCK_CONTROL_PLANE");
    if testkit::clusters_are_skipped() || has_cluster {
        return Ok(None);
    }
    let started = control_plane::start()?;
    command.env("KUBELOCK_CONTROL_PLANE", started.folder());
    Ok(Some(started))
}

/// Passes the output on as it comes, and adds up what the test runners say.
fn run_counted(command: &mut Command) -> Result<(TestCount, ExitCode)> {
    say("cargo test");
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run cargo test")?;
    let stdout = child.stdout.take().context("cargo test has no output")?;
    let mut count = TestCount::default();
    for line in BufReader::new(stdout).lines() {
        let line = line.context("cannot read what cargo test prints")?;
        count.add(&line);
        print(&line);
    }
    let status = child.wait().context("cannot wait for cargo test")?;
    Ok((count, passed_on(status)))
}
