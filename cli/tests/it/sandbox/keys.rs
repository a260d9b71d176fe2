//! Somebody at the keyboard.

use std::path::{Path, PathBuf};

use testkit::pty::{self, Pty};

use super::{KUBELOCK, Stage};

const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";
const PROMPT: &str = "ready> ";

/// A person's shell, with `kubelock` in its `PATH`.
fn shell(stage: &Stage) -> Pty {
    let path = std::env::var("PATH").unwrap_or_default();
    let binaries = Path::new(KUBELOCK).parent().unwrap().display().to_string();
    let mut command = pty::command("bash").unwrap();
    command
        .args(["--norc", "--noprofile", "-i"])
        .env_clear()
        .env("PATH", format!("{binaries}:{path}"))
        .env("HOME", stage.folder.path())
        .env("TMPDIR", stage.folder.path())
        .env("TERM", "dumb")
        .env("PS1", PROMPT);
    let mut shell = Pty::start(command).unwrap();
    shell.expect(PROMPT);
    shell
}

fn run(pty: &mut Pty, line: &str) {
    pty.type_in(&format!("{line}\n")).unwrap();
}

#[test]
fn ctrl_c_ends_the_command_and_the_loop_around_it() {
    let stage = Stage::new();
    let mut shell = shell(&stage);
    run(
        &mut shell,
        "for i in 1 2; do kubelock sandbox -- sh -c 'echo up-$((1+1)); exec sleep 1000'; done",
    );
    shell.expect("up-2");
    shell.type_in(CTRL_C).unwrap();
    shell.expect(PROMPT);
    run(&mut shell, "echo ended-$?");
    shell.expect("ended-130");
    assert_eq!(stage.left(), Vec::<PathBuf>::new());
}

#[test]
fn ctrl_z_suspends_both_and_fg_continues_them() {
    let stage = Stage::new();
    let mut shell = shell(&stage);
    run(
        &mut shell,
        "kubelock sandbox -- sh -c 'echo up-$((1+1)); read line; kubelock acquire $line'",
    );
    shell.expect("up-2");
    shell.type_in(CTRL_Z).unwrap();
    shell.expect("Stopped");
    shell.expect(PROMPT);
    run(&mut shell, "fg");
    shell.expect("kubelock sandbox");
    run(&mut shell, "deploy");
    shell.expect(PROMPT);
    run(&mut shell, "echo ended-$?");
    shell.expect("ended-0");
}
