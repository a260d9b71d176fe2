//! Somebody who wants the lock, again and again.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Pid;
use testkit::beat::{self, Mode};

use super::pidfd::Pidfd;
use super::proxy::Proxy;

pub(super) const TTL: Duration = Duration::from_secs(3);

/// Where contenders meet.
#[derive(Debug, Clone)]
pub(super) struct Arena {
    pub(super) namespace: String,
    pub(super) lock: String,
    pub(super) log: PathBuf,
    pub(super) folder: PathBuf,
}

/// One contender: a run of the program, then another.
pub(super) struct Contender {
    arena: Arena,
    name: String,
    pub(super) proxy: Proxy,
    kubeconfig: PathBuf,
    runs: usize,
    child: Option<Child>,
}

impl Contender {
    pub(super) fn new(arena: &Arena, kubeconfig: &Path, name: &str) -> Self {
        let (proxy, kubeconfig) = Proxy::start(kubeconfig, &arena.folder, name);
        let (arena, name) = (arena.clone(), name.to_owned());
        Self { arena, name, proxy, kubeconfig, runs: 0, child: None }
    }

    /// What the present run is called, by its beats and by its record.
    pub(super) fn who(&self) -> String {
        format!("{}.{}", self.name, self.runs)
    }

    /// The file that ends the present run's command.
    pub(super) fn end(&self) -> PathBuf {
        self.arena.folder.join(format!("end-{}", self.who()))
    }

    /// Starts a run.
    pub(super) fn start(&mut self, mode: Mode) {
        self.runs += 1;
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubelock"));
        command.args(["run", &self.arena.lock, "-n", &self.arena.namespace, "--ttl", "3s"]);
        command.args(["--owner", &self.who(), "--"]);
        command.arg(beat::program().unwrap()).arg(&self.arena.log).arg(self.end());
        command.args([&self.who(), mode.word()]);
        command.env_clear().env("KUBECONFIG", &self.kubeconfig).env("HOME", "/nonexistent");
        command.envs(std::env::vars_os().filter(|(name, _)| name == "LLVM_PROFILE_FILE"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(self.errors());
        self.child = Some(command.spawn().unwrap());
    }

    fn errors(&self) -> File {
        let path = self.said_path();
        File::options().create(true).append(true).open(path).unwrap()
    }

    fn said_path(&self) -> PathBuf {
        self.arena.folder.join(format!("said-{}", self.who()))
    }

    /// What the present run has said so far.
    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(self.said_path()).unwrap_or_default()
    }

    pub(super) fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// The status of a run that has ended, once; -1 if a signal ended it.
    pub(super) fn ended(&mut self) -> Option<i32> {
        let status = self.child.as_mut()?.try_wait().unwrap()?;
        self.child = None;
        Some(status.code().unwrap_or(-1))
    }

    /// The first process of the present run.
    pub(super) fn first(&self) -> Option<Pidfd> {
        Pidfd::open(self.pid()?)
    }

    /// The second one.
    pub(super) fn second(&self) -> Option<Pidfd> {
        Pidfd::child_of(self.pid()?)
    }

    fn pid(&self) -> Option<Pid> {
        self.child.as_ref().map(Pid::from_child)
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // The second process ends the command then.
            let _ = (child.kill(), child.wait());
        }
    }
}
