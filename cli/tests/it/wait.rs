//! Waiting for a lock from the command line.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use insta::assert_snapshot;

use crate::redact::redact;
use crate::space::Space;

fn start(space: &Space, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_kubelock"))
        .args(args)
        .args(["-n", &space.namespace])
        .env("KUBECONFIG", space.cluster.kubeconfig())
        .env_remove("KUBELOCK_OWNER")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Reads what a process says until it says `words`.
pub fn until(child: &mut Child, words: &str) -> String {
    let mut said = Vec::new();
    let stderr = child.stderr.as_mut().unwrap();
    let mut byte = [0];
    while !String::from_utf8_lossy(&said).contains(words) && stderr.read(&mut byte).unwrap() > 0 {
        said.push(byte[0]);
    }
    String::from_utf8(said).unwrap()
}

#[test]
fn acquire_waits_if_it_is_told_to_says_for_whom_and_takes_the_lock_once_it_is_free() {
    let Some(space) = Space::new("wait") else { return };
    space.run(&["acquire", "deploy", "--owner", "alice", "--ttl", "90m"]);
    let mut bob = start(&space, &["acquire", "deploy", "--owner", "bob", "--wait"]);
    let said = until(&mut bob, "\n");
    space.run(&["release", "deploy", "--owner", "alice"]);
    let output = bob.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = format!("{said}{}", String::from_utf8(output.stderr).unwrap());
    assert_snapshot!(redact(&said.replace(&space.namespace, "NS")));
    let get = space.run(&["get", "deploy", "-o", "json"]).stdout;
    let lock: serde_json::Value = serde_json::from_str(&get).unwrap();
    assert_eq!(lock["owner"], "bob");
    assert!(lock.get("hold").is_none(), "acquire writes the record that goes by owner: {get}");
}

#[test]
fn a_wait_that_is_over_ends_like_a_refusal_and_nobody_waits_for_oneself() {
    let Some(space) = Space::new("wait-over") else { return };
    assert_snapshot!(space.play(&[
        (0, &["acquire", "deploy", "--owner", "alice", "--ttl", "90m"]),
        (11, &["acquire", "deploy", "--owner", "bob", "--wait", "100ms"]),
        (11, &["acquire", "deploy", "--owner", "bob", "--wait", "--no-wait"]),
        (10, &["acquire", "deploy", "--owner", "alice", "--wait"]),
        (2, &["acquire", "--wait", "deploy"]),
    ]));
}

#[test]
fn quiet_waits_without_a_word() {
    let Some(space) = Space::new("wait-quiet") else { return };
    space.run(&["acquire", "deploy", "--owner", "alice"]);
    let outcome = space.run(&["acquire", "deploy", "--owner", "bob", "--wait", "50ms", "-q"]);
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
}
