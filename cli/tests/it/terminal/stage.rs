//! Programs on a terminal whose screen is looked at, with a sandbox as their cluster.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sandbox::{Sandbox, Server, User};
use tempfile::TempDir;
use testkit::pty::{self, Pty, ROWS};

use crate::process::{Kubelock, Outcome};
use crate::run::running::{default_signals, until};

pub(super) const KUBELOCK: &str = env!("CARGO_BIN_EXE_kubelock");
pub(super) const CTRL_C: &str = "\x03";
pub(super) const CTRL_Z: &str = "\x1a";
/// Keys that come before it may be thrown away.
pub(super) const PROMPT: &str = "ready> ";

/// What a lock that stands on the sandbox's Lease `deploy` looks like.
pub(super) const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases/deploy";

/// A cluster in memory.
pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    server: Option<Server>,
    pub(super) kubeconfig: PathBuf,
    pub(super) folder: TempDir,
}

impl Stage {
    pub(super) fn new() -> Self {
        default_signals();
        let sandbox = Sandbox::new();
        let server = Server::start(sandbox.clone()).unwrap();
        let kubeconfig = server.kubeconfig_for(User::ADMINISTRATOR).unwrap();
        Self { sandbox, server: Some(server), kubeconfig, folder: tempfile::tempdir().unwrap() }
    }

    /// The server is away for good.
    pub(super) fn shut_down(&mut self) {
        self.server = None;
    }

    /// Runs it to its end, without a terminal.
    pub(super) fn run(&self, args: &[&str]) -> Outcome {
        Kubelock::new(args).env("KUBECONFIG", &self.kubeconfig).run()
    }

    /// Somebody else has the lock.
    pub(super) fn held_by(&self, owner: &str, ttl: &str) {
        let outcome = self.run(&["acquire", "deploy", "--owner", owner, "--ttl", ttl, "-q"]);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    }

    /// The program without a terminal, what it says in a pipe.
    pub(super) fn start(&self, args: &[&str]) -> std::process::Child {
        let mut command = Command::new(KUBELOCK);
        command.args(args).env_clear().env("KUBECONFIG", &self.kubeconfig);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// The program on a terminal of so many columns.
    pub(super) fn on_terminal(&self, columns: u16, args: &[&str]) -> Screen {
        self.on_terminal_with(columns, args, |_| {})
    }

    /// The same, with something else about it.
    pub(super) fn on_terminal_with(
        &self,
        columns: u16,
        args: &[&str],
        prepare: impl FnOnce(&mut Command),
    ) -> Screen {
        on_terminal(&self.kubeconfig, columns, &[&[KUBELOCK], args].concat(), prepare)
    }

    /// A person's shell, with `kubelock` in its `PATH`.
    pub(super) fn shell(&self) -> Screen {
        let words = ["bash", "--norc", "--noprofile", "-i"];
        let mut shell = on_terminal(&self.kubeconfig, 100, &words, |command| {
            command.env("PS1", PROMPT).env("HOME", self.folder.path());
        });
        shell.pty.expect(PROMPT);
        shell
    }

    /// What stands on the Lease of the lock, or did.
    pub(super) fn record(&self) -> Option<String> {
        let lease = self.sandbox.get(LEASE)?;
        let key = "kubelock.giantswarm.io/deploy";
        lease["metadata"]["annotations"][key].as_str().map(str::to_owned)
    }
}

/// Any program on a terminal.
pub(super) fn on_terminal(
    kubeconfig: &Path,
    columns: u16,
    words: &[&str],
    prepare: impl FnOnce(&mut Command),
) -> Screen {
    let mut command = pty::command(words[0]).unwrap();
    let binaries = Path::new(KUBELOCK).parent().unwrap().display().to_string();
    let path = format!("{binaries}:{}", std::env::var("PATH").unwrap_or_default());
    command.args(&words[1..]).env_clear();
    command.env("PATH", path).env("TERM", "xterm-256color").env("KUBECONFIG", kubeconfig);
    prepare(&mut command);
    Screen { pty: Pty::start_sized(command, columns).unwrap(), columns }
}

fn size(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).unwrap()
}

/// A program on a terminal, and what is to be seen there.
pub(super) struct Screen {
    pub(super) pty: Pty,
    columns: u16,
}

impl Screen {
    /// The lines that are to be seen now, without those that are empty.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut parser = vt100::Parser::new(size(ROWS), size(self.columns), 0);
        parser.process(self.pty.screen().as_bytes());
        let rows = parser.screen().rows(0, self.columns).map(|row| row.trim_end().to_owned());
        rows.filter(|row| !row.is_empty()).collect()
    }

    /// Waits until there is a line with these words; returns it.
    pub(super) fn line_with(&self, words: &str) -> String {
        let mut found = None;
        until(&format!("a line with {words:?}, instead of {:?}", self.lines()), || {
            found = self.lines().into_iter().find(|line| line.contains(words));
            found.is_some()
        });
        found.unwrap()
    }

    /// All that was ever drawn of the line that counts.
    pub(super) fn drawn(&self) -> Vec<String> {
        let screen = self.pty.screen();
        let parts = screen.split("\r\x1b[K").skip(1);
        let lines = parts.filter_map(|part| part.split('\r').next());
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn type_in(&mut self, keys: &str) {
        self.pty.type_in(keys).unwrap();
    }

    pub(super) fn type_line(&mut self, line: &str) {
        self.type_in(&format!("{line}\n"));
    }
}
