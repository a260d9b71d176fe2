//! What happens before the command runs, while another has the lock.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::Child;

use rustix::process::{Pid, Signal};

use super::running::{command, send};
use crate::process::Kubelock;
use crate::space::Space;

/// Somebody who holds the lock for as long as the test lasts.
fn held(space: &Space) {
    let acquire = ["acquire", "deploy", "--owner", "alice", "--ttl", "90m", "-q"];
    assert_eq!(space.run(&acquire).code, Some(0));
}

/// A run that waits, having said so, and the rest of what it says.
fn waiting(space: &Space, args: &[&str]) -> (Child, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(space, &folder, args).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    (child, said)
}

#[test]
fn without_waiting_a_held_lock_is_a_conflict_with_a_status_of_ones_choice() {
    let Some(space) = Space::new("run-conflict") else { return };
    held(&space);
    let lines: [(i32, &[&str]); 5] = [
        (124, &["--no-wait", "--", "true"]),
        (0, &["--no-wait", "-E", "0", "--", "true"]),
        (255, &["--no-wait", "--conflict-exit-code", "255", "--", "true"]),
        (124, &["--wait", "100ms", "-q", "--", "true"]),
        (124, &["--wait", "100ms", "--", "true"]),
    ];
    let mut text = String::new();
    for (code, line) in lines {
        let words = [&["run", "deploy", "-n", &space.namespace], line].concat();
        let run = Kubelock::new(&words).env("KUBECONFIG", space.cluster.kubeconfig());
        let outcome = run.run();
        text.push_str(&space.transcript(&outcome));
        assert_eq!(outcome.code, Some(code), "{text}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_run_waits_for_the_lock_and_says_for_whom_and_why() {
    let Some(space) = Space::new("run-waits") else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = "echo up >$DIR/up; while ! test -e $DIR/go; do sleep 0.01; done";
    let args = ["--owner", "alice", "--reason", "schema 7", "--", "sh", "-c", script];
    let mut first = command(&space, &folder, &args).spawn().unwrap();
    super::running::until("the first run", || folder.path().join("up").exists());

    let (second, said) = waiting(&space, &["--owner", "bob", "--", "echo", "mine"]);
    assert!(said.starts_with("waiting for lock \"deploy\" on lease/deploy in namespace"), "{said}");
    assert!(said.contains(", held by alice, hold "), "{said}");
    assert!(said.ends_with("): schema 7\n"), "{said}");

    std::fs::write(folder.path().join("go"), "").unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(0));
    let output = second.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"mine\n"[..]));
}

#[test]
fn a_wait_can_be_broken_off() {
    let Some(space) = Space::new("run-break-off") else { return };
    held(&space);
    // A shell stops its loop for who dies of Ctrl-C, and calls it 130.
    let ends = [
        (Signal::INT, None, Some(2)),
        (Signal::TERM, Some(143), None),
        (Signal::HUP, Some(129), None),
    ];
    for (sent, code, signal) in ends {
        let (mut child, _) = waiting(&space, &["--", "true"]);
        send(Pid::from_child(&child), sent);
        let status = child.wait().unwrap();
        assert_eq!((status.code(), status.signal()), (code, signal));
    }
}
