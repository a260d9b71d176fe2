//! Without a command it stays up.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Child;

use rustix::process::{Pid, Signal};

use super::Stage;
use crate::process::Kubelock;
use crate::run::running::send;

/// One that is up, and the line that it printed.
fn up(stage: &Stage, words: &[&str]) -> (Child, String) {
    let mut child = stage.start(words);
    let mut line = String::new();
    // The rest of stdout stays open with the child.
    let stdout = child.stdout.as_mut().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    (child, line.trim_end().to_owned())
}

fn kubeconfig(line: &str) -> &Path {
    Path::new(line.strip_prefix("export KUBECONFIG=").unwrap())
}

#[test]
fn it_prints_what_to_set_and_serves_until_ctrl_c() {
    let stage = Stage::new();
    let (child, line) = up(&stage, &["sandbox"]);
    let with = |words: &[&str]| Kubelock::new(words).env("KUBECONFIG", kubeconfig(&line)).run();
    assert_eq!(with(&["acquire", "deploy"]).code, Some(0));
    assert_eq!(with(&["get", "deploy", "-o", "name"]).stdout, "lease/deploy\n");

    send(Pid::from_child(&child), Signal::INT);
    let output = child.wait_with_output().unwrap();

    assert_eq!(output.status.signal(), Some(2), "a shell around it ends, too");
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(talk.starts_with("a Kubernetes API in memory is at https://127.0.0.1:"), "{talk}");
    assert!(talk.contains("Ctrl-C ends it"), "{talk}");
    assert_eq!(stage.left(), Vec::<PathBuf>::new());
}

#[test]
fn a_request_to_terminate_ends_it_with_its_status() {
    let stage = Stage::new();
    let (child, _) = up(&stage, &["sandbox", "-q"]);

    send(Pid::from_child(&child), Signal::TERM);
    let output = child.wait_with_output().unwrap();

    assert_eq!(output.status.code(), Some(143));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(stage.left(), Vec::<PathBuf>::new());
}

#[test]
fn it_listens_where_it_was_told_to() {
    let stage = Stage::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);

    let (mut child, line) = up(&stage, &["sandbox", "--port", &port.to_string()]);

    let text = std::fs::read_to_string(kubeconfig(&line)).unwrap();
    assert!(text.contains(&format!("server: https://127.0.0.1:{port}\n")));
    send(Pid::from_child(&child), Signal::TERM);
    child.wait().unwrap();
}
