//! Somebody who types in a shell, and presses Tab.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sandbox::{Sandbox, Server, User};
use tempfile::TempDir;
use testkit::pty::{self, Pty};

use super::PRESSES;
use crate::process::Kubelock;

pub(super) const KUBELOCK: &str = env!("CARGO_BIN_EXE_kubelock");
pub(super) const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

const PROMPT: &str = "ready> ";
/// Shows the line as it stands, and empties it.
const SHOW: &str = "\x0f";

/// Sets up each shell: prompt, the completion of `kubelock`, and what [`SHOW`] does.
const BASH: &str = r#"PS1='ready> '; set +o history
    bind 'set bell-style none'; bind 'set enable-bracketed-paste off'
    bind -x '"\C-o": echo "[[$READLINE_LINE]]"; READLINE_LINE= READLINE_POINT=0'
    source "$HOME/_kubelock""#;
const ZSH: &str = r#"PS1='ready> '; fpath=($HOME $fpath); unset zle_bracketed_paste; setopt no_list_beep
    autoload -Uz compinit; compinit -u -D
    show() { zle -I; print -r -- "[[$BUFFER]]"; BUFFER= }; zle -N show; bindkey '^O' show"#;
const FISH: &str = r#"set -g fish_greeting; set -g fish_autosuggestion_enabled 0
    function fish_prompt; echo -n 'ready> '; end; source "$HOME/_kubelock"
    bind \co 'echo; echo "[["(commandline)"]]"; commandline ""'"#;

/// A home, and a cluster in memory.
pub(super) struct Home {
    _server: Server,
    kubeconfig: PathBuf,
    folder: TempDir,
}

impl Home {
    pub(super) fn new() -> Self {
        let server = Server::start(Sandbox::new()).unwrap();
        let kubeconfig = server.kubeconfig_for(User::ADMINISTRATOR).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        Self { _server: server, kubeconfig, folder }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn run(&self, words: &[&str]) {
        let outcome = Kubelock::new(words).env("KUBECONFIG", &self.kubeconfig).run();
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    }

    /// A program in `~/bin`, which is on the `PATH` of nobody but those that want it.
    pub(super) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).unwrap();
        path
    }

    /// Somebody in this shell, at home; `kubelock` is the first in these folders and the `PATH`.
    ///
    /// `None` where there is no such shell.
    pub(super) fn typist(&self, shell: &str, folders: &[&Path]) -> Option<Typist> {
        if !is_there(shell) {
            return None;
        }
        let completion = Kubelock::new(&["completion", shell]).run().stdout;
        std::fs::write(self.path("_kubelock"), completion).unwrap();
        let (words, setup) = match shell {
            "bash" => (&["--noprofile", "--rcfile", ".bashrc", "-i"][..], (".bashrc", BASH)),
            "zsh" => (&["-d", "-i"][..], (".zshrc", ZSH)),
            _ => {
                (&["--private", "--no-config", "-i", "-C", "source .fishrc"][..], (".fishrc", FISH))
            }
        };
        std::fs::write(self.path(setup.0), setup.1).unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = folders.iter().map(|folder| folder.to_path_buf());
        let path = std::env::join_paths(folders.chain(std::env::split_paths(&path))).unwrap();
        let mut command = pty::command(shell).unwrap();
        command.args(words).env_clear().current_dir(self.folder.path());
        command.env("HOME", self.folder.path()).env("PATH", path).env("LC_ALL", "C.UTF-8");
        command.env("TERM", "dumb").env("KUBECONFIG", &self.kubeconfig);
        let mut pty = Pty::start_sized(command, 200).unwrap();
        pty.expect(PROMPT);
        Some(Typist { pty })
    }
}

/// Whether there is such a shell; says so where there is none, past the test harness.
pub(super) fn is_there(shell: &str) -> bool {
    let is_there = Command::new(shell).args(["-c", "true"]).output().is_ok();
    if !is_there {
        let line = "is not on this machine: its completion is not tested";
        // Nobody is left to tell when stderr is closed.
        drop(writeln!(std::io::stderr(), "{shell} {line}"));
    }
    is_there
}

/// Somebody at a prompt.
pub(super) struct Typist {
    pub(super) pty: Pty,
}

impl Typist {
    /// Tab makes this of a line, if not at once because the machine has much else to do.
    pub(super) fn completes(&mut self, line: &str, expected: &str) {
        let mut presses = (1..PRESSES).map(|_| self.completed(line));
        if !presses.any(|completed| completed == expected) {
            assert_eq!(self.completed(line), expected, "on the screen:\n{}", self.pty.screen());
        }
    }

    /// What Tab makes of a line.
    pub(super) fn completed(&mut self, line: &str) -> String {
        self.pty.type_in(&format!("{line}\t{SHOW}")).unwrap();
        self.printed("[[", "]]")
    }

    /// What is printed between these next.
    pub(super) fn printed(&mut self, from: &str, to: &str) -> String {
        self.pty.expect(from);
        let before = self.pty.screen().rfind(from).unwrap();
        self.pty.expect(to);
        let screen = self.pty.screen();
        let printed = &screen[before + from.len()..];
        printed[..printed.find(to).unwrap()].to_owned()
    }
}
