//! `kubelock sandbox`: what a command gets of it, and what is left when it ends.

mod keys;
mod staying;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use insta::assert_snapshot;
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use crate::process::Kubelock;
use crate::run::running::{default_signals, send, until, until_dead};

const KUBELOCK: &str = env!("CARGO_BIN_EXE_kubelock");

/// A run of `kubelock sandbox`, whose folders for temporary files are all its own.
struct Stage {
    folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn run(&self, words: &[&str]) -> Kubelock {
        Kubelock::new(words)
            .env("TMPDIR", self.folder.path())
            .env("DIR", self.folder.path())
            .env("KUBELOCK", KUBELOCK)
    }

    /// Without waiting for its end.
    fn start(&self, words: &[&str]) -> Child {
        default_signals();
        Command::new(KUBELOCK)
            .args(words)
            .env("TMPDIR", self.folder.path())
            .env("DIR", self.folder.path())
            .env("KUBELOCK", KUBELOCK)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// A line that the command wrote into a file.
    fn line(&self, file: &str) -> String {
        let path = self.folder.path().join(file);
        let mut text = String::new();
        until(&format!("a line in {file}"), || {
            text = fs::read_to_string(&path).unwrap_or_default();
            text.ends_with('\n')
        });
        text.trim_end().to_owned()
    }

    /// What sandboxes have left among the temporary files.
    fn left(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path());
        let is_ours = |path: &PathBuf| path.to_string_lossy().contains("kubelock-sandbox");
        files.filter(is_ours).collect()
    }
}

#[test]
fn a_command_takes_locks_in_the_sandbox() {
    let stage = Stage::new();
    let script = "\"$KUBELOCK\" acquire deploy && \"$KUBELOCK\" get deploy -o name && \
        \"$KUBELOCK\" acquire schema --on configmap/app --owner alice && \
        \"$KUBELOCK\" run migrate -- echo mine";

    let outcome = stage.run(&["sandbox", "--", "sh", "-c", script]).run();

    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "lease/deploy\nmine\n");
    assert_eq!(stage.left(), Vec::<PathBuf>::new());
}

#[test]
fn the_commands_own_end_is_passed_on() {
    let stage = Stage::new();
    let code = |words: &[&str]| {
        let words = [&["sandbox", "--"], words].concat();
        stage.run(&words).run().code
    };
    assert_eq!(code(&["true"]), Some(0));
    assert_eq!(code(&["sh", "-c", "exit 7"]), Some(7));
    assert_eq!(code(&["sh", "-c", "kill -KILL $$"]), Some(137));
    assert_eq!(code(&["sh", "-c", "kill -TERM $$"]), Some(143));
    assert_eq!(code(&[KUBELOCK, "get", "deploy"]), Some(12));
    assert_eq!(stage.left(), Vec::<PathBuf>::new());
}

#[test]
fn what_cannot_be_run_is_told_apart() {
    let stage = Stage::new();
    fs::write(stage.folder.path().join("plain"), "").unwrap();
    let plain = stage.folder.path().join("plain").display().to_string();

    let missing = stage.run(&["sandbox", "--", "no-such-command"]).run();
    let not_executable = stage.run(&["sandbox", "--", &plain]).run();

    assert_snapshot!(missing.transcript());
    assert_eq!(not_executable.code, Some(126), "{}", not_executable.stderr);
}

#[test]
fn what_is_refused_before_the_command_runs_has_a_status_of_its_own() {
    let stage = Stage::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();

    let in_use = stage.run(&["sandbox", "--port", &port, "--", "true"]).run();

    assert_eq!(in_use.code, Some(125));
    assert_eq!(
        in_use.stderr,
        format!(
            "error: port {port} of 127.0.0.1 is in use\n\
             hint: without --port any port that is free is taken\n"
        )
    );
    let mut transcript = String::new();
    for words in [
        &["sandbox", "--port", "99999", "--", "true"][..],
        &["sandbox", "--kubeconfig", "mine", "--", "true"],
        &["sandbox", "-n", "team", "--", "true"],
        &["sandbox", "--nonsense"],
    ] {
        transcript.push_str(&stage.run(words).run().transcript());
        transcript.push('\n');
    }
    assert_snapshot!(transcript);
}

#[test]
fn the_kubeconfig_is_for_this_user_alone_and_gone_at_the_end() {
    let stage = Stage::new();
    let script = "stat -c %a \"$KUBECONFIG\" \"$(dirname \"$KUBECONFIG\")\"; echo \"$KUBECONFIG\"";

    let outcome = stage.run(&["sandbox", "--", "sh", "-c", script]).run();

    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let [file, folder, path] = lines.as_slice() else { panic!("{}", outcome.stdout) };
    assert_eq!((*file, *folder), ("600", "700"));
    assert!(Path::new(path).starts_with(stage.folder.path()) && !Path::new(path).exists());
}

#[test]
fn nothing_but_the_kubeconfig_has_the_token() {
    let stage = Stage::new();
    let script = "sed -n 's/.*token: //p' \"$KUBECONFIG\" | tr -d '\"' > \"$DIR/token\"; \
        \"$KUBELOCK\" -v acquire deploy; cat /proc/$PPID/cmdline /proc/$PPID/environ";

    let outcome = stage.run(&["sandbox", "--", "sh", "-c", script]).run();

    let token = stage.line("token");
    assert!(token.len() >= 32, "{token}");
    assert!(!outcome.stdout.contains(&token) && !outcome.stderr.contains(&token));
    assert!(outcome.stderr.contains("PATCH ") || outcome.stderr.contains("POST "));
}

#[test]
fn two_sandboxes_know_nothing_of_each_other() {
    let stage = Stage::new();
    let inner = "\"$KUBELOCK\" get deploy; echo \"inner $?\"";
    let script = format!(
        "\"$KUBELOCK\" acquire deploy && \"$KUBELOCK\" sandbox -- sh -c '{inner}' && \
         \"$KUBELOCK\" get deploy -o name"
    );

    let outcome = stage.run(&["sandbox", "--", "sh", "-c", &script]).run();

    assert_eq!(outcome.stdout, "inner 12\nlease/deploy\n", "{}", outcome.stderr);
    assert_eq!(stage.left(), Vec::<PathBuf>::new());
}

#[test]
fn a_context_of_another_kubeconfig_does_not_reach_the_command() {
    let stage = Stage::new();
    let words = ["sandbox", "--", KUBELOCK, "acquire", "deploy"];
    let outcome = stage.run(&words).env("KUBELOCK_CONTEXT", "production").run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

#[test]
fn signals_go_on_to_the_command_whose_end_counts() {
    let stage = Stage::new();
    let script = "trap 'echo term; exit 3' TERM; echo up > \"$DIR/up\"; \
        while :; do sleep 0.02; done";
    let child = stage.start(&["sandbox", "--", "sh", "-c", script]);
    stage.line("up");

    send(Pid::from_child(&child), Signal::TERM);
    let output = child.wait_with_output().unwrap();

    assert_eq!(output.status.code(), Some(3));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "term\n");
    assert_eq!(stage.left(), Vec::<PathBuf>::new());
}

#[test]
fn whatever_kills_it_the_kubeconfig_is_removed() {
    let stage = Stage::new();
    let script = "echo \"$KUBECONFIG\" > \"$DIR/config\"; echo $$ > \"$DIR/pid\"; exec sleep 1000";
    let mut child = stage.start(&["sandbox", "--", "sh", "-c", script]);
    let kubeconfig = PathBuf::from(stage.line("config"));
    let command = Pid::from_raw(stage.line("pid").parse().unwrap()).unwrap();
    assert!(kubeconfig.exists());

    send(Pid::from_child(&child), Signal::KILL);
    child.wait().unwrap();

    until("the kubeconfig's removal", || !kubeconfig.exists() && stage.left().is_empty());
    send(command, Signal::KILL);
    until_dead(command);
}
