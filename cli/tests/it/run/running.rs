//! A command under a lock, and what the test sees of its processes.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use crate::space::Space;

/// What a slow machine may take for anything that happens at once on a fast one.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits for a condition; the test fails if it never comes about.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < give_up, "never came about: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A run whose command writes into a folder, `$DIR`, what the test waits for.
pub(super) struct Running {
    pub(super) folder: TempDir,
    pub(super) child: Child,
}

/// How it ended.
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) signal: Option<i32>,
    pub(super) stderr: String,
}

/// `kubelock run deploy …` in this space, with `$DIR` set.
pub(super) fn command(space: &Space, folder: &TempDir, args: &[&str]) -> Command {
    default_signals();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubelock"));
    command
        .args(["run", "deploy", "-n", &space.namespace])
        .args(args)
        .env("KUBECONFIG", space.cluster.kubeconfig())
        .env("DIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Running {
    /// Runs a shell script under the lock.
    pub(super) fn start(space: &Space, args: &[&str], script: &str) -> Self {
        Self::start_with(space, args, script, |_| {})
    }

    /// The same, with something else about it.
    pub(super) fn start_with(
        space: &Space,
        args: &[&str],
        script: &str,
        prepare: impl FnOnce(&mut Command),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut words = args.to_vec();
        words.extend(["--", "sh", "-c", script]);
        let mut command = command(space, &folder, &words);
        prepare(&mut command);
        let child = command.spawn().unwrap();
        Self { folder, child }
    }

    /// The process that was started: the first one.
    pub(super) fn first(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The second one.
    pub(super) fn second(&self) -> Pid {
        let first = self.first().as_raw_pid();
        let mut found = None;
        until("a second process", || {
            found = processes().into_iter().find(|process| process.parent == first);
            found.is_some()
        });
        Pid::from_raw(found.unwrap().pid).unwrap()
    }

    /// What the command wrote into a file of the folder, a whole line of it.
    pub(super) fn line(&self, file: &str) -> String {
        let path = self.path(file);
        let mut text = String::new();
        until(&format!("a line in {file}"), || {
            text = fs::read_to_string(&path).unwrap_or_default();
            text.ends_with('\n')
        });
        text.trim_end().to_owned()
    }

    /// A process id that the command wrote.
    pub(super) fn pid(&self, file: &str) -> Pid {
        Pid::from_raw(self.line(file).parse().unwrap()).unwrap()
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(super) fn ended(self) -> Ended {
        let output = self.child.wait_with_output().unwrap();
        let (code, signal) = (output.status.code(), output.status.signal());
        Ended { code, signal, stderr: String::from_utf8(output.stderr).unwrap() }
    }
}

pub(super) fn send(pid: Pid, signal: Signal) {
    kill_process(pid, signal).unwrap();
}

pub(super) fn until_dead(pid: Pid) {
    until("the death of a process", || is_dead(pid));
}

/// Whether a process can run no more. Zombies wait for a parent that may be asleep.
pub(super) fn is_dead(pid: Pid) -> bool {
    state(pid).is_none_or(|state| state == 'Z' || state == 'X')
}

pub(super) fn until_stopped(pid: Pid) {
    until("the stop of a process", || state(pid) == Some('T'));
}

fn state(pid: Pid) -> Option<char> {
    processes().into_iter().find(|process| process.pid == pid.as_raw_pid()).map(|p| p.state)
}

struct Process {
    pid: i32,
    state: char,
    parent: i32,
}

fn processes() -> Vec<Process> {
    let stats = fs::read_dir("/proc").unwrap().flatten();
    let stats = stats.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    stats.filter_map(|stat| process(&stat)).collect()
}

/// `PID (NAME) STATE PARENT …`.
fn process(stat: &str) -> Option<Process> {
    let pid = stat.split(' ').next()?.parse().ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    Some(Process { pid, state, parent: fields.next()?.parse().ok()? })
}

/// Background jobs of scripts, tests in CI among them, ignore some signals, and so would all that
/// they start. A signal that is caught is not: what is started has the default.
fn default_signals() {
    static CATCHING: OnceLock<Runtime> = OnceLock::new();
    CATCHING.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let entered = runtime.enter();
        let ignored = ignored_here();
        for number in
            [1, 2, 3, 15, 20].into_iter().filter(|number| ignored >> (number - 1) & 1 == 1)
        {
            drop(signal(SignalKind::from_raw(number)).unwrap());
        }
        drop(entered);
        runtime
    });
}

/// The signals that this test ignores, a bit each.
pub(super) fn ignored_here() -> u64 {
    mask(&fs::read_to_string("/proc/self/status").unwrap(), "SigIgn:")
}

pub(super) fn mask(status: &str, field: &str) -> u64 {
    let value = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    u64::from_str_radix(value.trim(), 16).unwrap()
}
