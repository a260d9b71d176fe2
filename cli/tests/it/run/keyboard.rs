//! Commands on a terminal, with somebody at the keyboard.

use std::process::Command;

use tempfile::TempDir;
use testkit::pty::{self, Pty};

use crate::space::Space;

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_Z: &str = "\x1a";

/// Keys that come before it may be thrown away.
const PROMPT: &str = "ready> ";

/// A program on a terminal, with `kubelock` in its `PATH` and `$DIR` set.
fn on_terminal(space: &Space, folder: &TempDir, words: &[&str]) -> Pty {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_kubelock"));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", binary.parent().unwrap().display());
    let mut command: Command = pty::command(words[0]).unwrap();
    command
        .args(&words[1..])
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder.path())
        .env("DIR", folder.path())
        .env("TERM", "dumb")
        .env("PS1", PROMPT)
        .env("L", format!("deploy -n {}", space.namespace))
        .env("KUBECONFIG", space.cluster.kubeconfig());
    Pty::start(command).unwrap()
}

/// A person's shell.
fn shell(space: &Space, folder: &TempDir) -> Pty {
    let mut shell = on_terminal(space, folder, &["bash", "--norc", "--noprofile", "-i"]);
    shell.expect(PROMPT);
    shell
}

fn run(pty: &mut Pty, line: &str) {
    pty.type_in(&format!("{line}\n")).unwrap();
}

#[test]
fn a_shell_under_the_lock_has_the_terminal_to_itself() {
    let Some(space) = Space::new("run-shell") else { return };
    let folder = tempfile::tempdir().unwrap();
    let namespace = space.namespace.clone();
    let words = ["kubelock", "run", "deploy", "-n", &namespace, "--"];
    let words: Vec<&str> =
        words.into_iter().chain(["bash", "--norc", "--noprofile", "-i"]).collect();
    let mut pty = on_terminal(&space, &folder, &words);
    pty.expect(PROMPT);
    run(&mut pty, "sh -c 'echo up-$((1+1)); exec sleep 1000'");
    pty.expect("up-2");
    pty.type_in(CTRL_C).unwrap();
    pty.expect(PROMPT);
    run(&mut pty, "echo interrupted-$?");
    pty.expect("interrupted-130");
    run(&mut pty, "sh -c 'echo up-$((2+1)); exec sleep 1000'");
    pty.expect("up-3");
    pty.type_in(CTRL_Z).unwrap();
    pty.expect("Stopped");
    pty.expect(PROMPT);
    run(&mut pty, "echo; fg");
    pty.expect("exec sleep");
    pty.type_in(CTRL_C).unwrap();
    pty.expect(PROMPT);
    run(&mut pty, "exit 5");

    assert_eq!(pty.wait(), Some(5));
}

#[test]
fn ctrl_z_suspends_the_command_and_fg_continues_it() {
    let Some(space) = Space::new("run-suspend") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut shell = shell(&space, &folder);
    run(&mut shell, "kubelock run $L -- sh -c 'echo up-$((1+1)); exec cat'");
    shell.expect("up-2");
    shell.type_in(CTRL_Z).unwrap();
    shell.expect("Stopped");
    shell.expect(PROMPT);
    run(&mut shell, "echo mine-$((1+1))");
    shell.expect("mine-2");
    run(&mut shell, "fg");
    shell.expect("kubelock run");
    run(&mut shell, "a line");
    shell.expect("a line\r\na line");
    shell.type_in(CTRL_D).unwrap();
    run(&mut shell, "echo ended-$?");
    shell.expect("ended-0");
}

#[test]
fn ctrl_c_is_the_commands() {
    let Some(space) = Space::new("run-ctrl-c") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut shell = shell(&space, &folder);
    run(&mut shell, "kubelock run $L -- sh -c 'echo up-$((1+1)); exec sleep 1000'");
    shell.expect("up-2");
    shell.type_in(CTRL_C).unwrap();
    shell.expect(PROMPT);
    run(&mut shell, "echo ended-$?");
    shell.expect("ended-130");
}

#[test]
fn ctrl_c_ends_the_loop_or_script_around_it_too() {
    let Some(space) = Space::new("run-ctrl-c-around") else { return };
    let folder = tempfile::tempdir().unwrap();
    let line = "kubelock run $L -- sh -c 'echo up-$((1+1)); exec sleep 1000'";
    std::fs::write(folder.path().join("script"), format!("{line}; exit 9")).unwrap();
    let mut shell = shell(&space, &folder);
    for around in [
        format!("for i in 1 2; do {line}; done"),
        "bash $DIR/script".into(),
        "sh $DIR/script".into(),
    ] {
        run(&mut shell, &around);
        shell.expect("up-2");
        shell.type_in(CTRL_C).unwrap();
        shell.expect(PROMPT);
        run(&mut shell, "echo ended-$?");
        shell.expect("ended-130");
        shell.expect(PROMPT);
    }
}

#[test]
fn ctrl_z_suspends_the_script_around_it_too() {
    let Some(space) = Space::new("run-ctrl-z-around") else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = "kubelock run $L -- sh -c 'echo up-$((1+1)); exec cat'; echo then-$((1+1))";
    std::fs::write(folder.path().join("script"), script).unwrap();
    let mut shell = shell(&space, &folder);
    run(&mut shell, "bash $DIR/script");
    shell.expect("up-2");
    shell.type_in(CTRL_Z).unwrap();
    shell.expect("Stopped");
    shell.expect(PROMPT);
    run(&mut shell, "fg");
    shell.expect("bash $DIR/script");
    run(&mut shell, "a line");
    shell.expect("a line\r\na line");
    shell.type_in(CTRL_D).unwrap();
    shell.expect("then-2");
}

#[test]
fn a_suspended_command_goes_on_in_the_background() {
    let Some(space) = Space::new("run-bg") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut shell = shell(&space, &folder);
    // Without a child: see below.
    let script = "mkfifo $DIR/pipe; echo up-$((1+1)); read -r word <$DIR/pipe; echo went-$((1+1))";
    run(&mut shell, &format!("kubelock run $L -- sh -c '{script}'"));
    shell.expect("up-2");
    shell.type_in(CTRL_Z).unwrap();
    shell.expect("Stopped");
    shell.expect(PROMPT);
    run(&mut shell, "bg");
    run(&mut shell, "echo mine-$((1+1))");
    shell.expect("mine-2");
    run(&mut shell, "echo >$DIR/pipe; wait; echo ended-$?");
    shell.expect("went-2");
    shell.expect("ended-0");
}

#[test]
fn a_suspended_command_is_ended_with_its_job() {
    let Some(space) = Space::new("run-kill-job") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut shell = shell(&space, &folder);
    run(&mut shell, "kubelock run $L -- sh -c 'echo up-$((1+1)); exec cat'");
    shell.expect("up-2");
    shell.type_in(CTRL_Z).unwrap();
    shell.expect("Stopped");
    shell.expect(PROMPT);
    // That shell takes a while to notice that a job it has ended is no longer stopped.
    run(&mut shell, "kill %1; s=148; while test $s = 148; do wait %1; s=$?; done; echo ended-$s");
    shell.expect("ended-143");
}

#[test]
fn a_command_that_is_suspended_for_longer_than_the_lock_lasts_is_ended() {
    let Some(space) = Space::new("run-suspend-long") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut shell = shell(&space, &folder);
    run(
        &mut shell,
        "kubelock run $L --ttl 3s -- sh -c 'echo $$ >$DIR/pid; echo up-$((1+1)); exec cat'",
    );
    shell.expect("up-2");
    shell.type_in(CTRL_Z).unwrap();
    shell.expect("Stopped");
    shell.expect(PROMPT);
    run(&mut shell, "while test -d /proc/$(cat $DIR/pid); do sleep 0.01; done; echo dead-$((1+1))");
    shell.expect("dead-2");
    run(&mut shell, "fg");
    shell.expect("error: lock \"deploy\"");
    run(&mut shell, "echo ended-$?");
    shell.expect("ended-123");
}

#[test]
fn a_command_in_a_pipeline_gets_the_terminal_when_it_asks_for_it() {
    let Some(space) = Space::new("run-pipeline") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut shell = shell(&space, &folder);
    run(&mut shell, "kubelock run $L -- sh -c 'echo up-$((1+1)); read -r x; echo got-$x' | cat");
    shell.expect("up-2");
    run(&mut shell, "this");
    shell.expect("got-this");
    run(&mut shell, "echo mine-$((1+1))");
    shell.expect("mine-2");
}

#[test]
fn in_a_pipeline_the_keys_reach_the_command_too() {
    let Some(space) = Space::new("run-pipeline-keys") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut shell = shell(&space, &folder);
    // Without a child: a shell that waits for one it has begun to start (vfork) cannot be stopped.
    let script = r#"mkfifo $DIR/pipe; exec 3<>$DIR/pipe
        trap "echo interrupted >$DIR/got; exit 3" INT; echo up-$((1+1))
        while :; do read -r word <&3; echo went-$((1+1)); done"#;
    std::fs::write(folder.path().join("script"), script).unwrap();
    run(&mut shell, "kubelock run $L -- sh $DIR/script | cat");
    shell.expect("up-2");
    shell.type_in(CTRL_Z).unwrap();
    shell.expect("Stopped");
    shell.expect(PROMPT);
    run(&mut shell, "echo >$DIR/pipe; fg");
    shell.expect("went-2");
    shell.type_in(CTRL_C).unwrap();
    shell.expect(PROMPT);
    run(&mut shell, "cat $DIR/got; echo mine-$((1+1))");
    shell.expect("interrupted\r\n");
    shell.expect("mine-2");
}

#[test]
fn a_command_that_dies_leaves_the_terminal_as_it_was() {
    let Some(space) = Space::new("run-modes") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut shell = shell(&space, &folder);
    run(&mut shell, "stty -g >$DIR/before");
    run(&mut shell, "kubelock run $L -- sh -c 'stty raw -echo; kill -9 $$'; stty -g >$DIR/after");
    run(&mut shell, "cmp $DIR/before $DIR/after && echo same-$((1+1))");
    shell.expect("same-2");
}
