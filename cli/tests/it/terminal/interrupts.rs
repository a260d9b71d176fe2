//! Ctrl-C and its like, wherever they come: nothing is left behind, and if it may be that is told.

use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use kubelock::Timestamp;
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use super::stage::{CTRL_C, PROMPT, Stage};
use crate::process::Kubelock;
use crate::run::running::{send, until};
use crate::stub::Stub;
use crate::wait;

const KEY: &str = "kubelock.giantswarm.io/deploy";

/// A server that stores what it is told to, and answers some requests never.
struct Mute {
    stub: Stub,
    value: Arc<Mutex<Option<String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What is never answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// The write that takes a lock; it is stored.
    Taking,
    /// The same, and it is not even stored.
    Lost,
    /// Every write that gives one back or renews it.
    Changing,
    /// Everything.
    All,
}

impl Mute {
    fn new(silence: Silence, value: Option<String>) -> Self {
        let (value, asked) = (Arc::new(Mutex::new(value)), Arc::new(Mutex::new(Vec::new())));
        let (stored, heard) = (Arc::clone(&value), Arc::clone(&asked));
        let stub = Stub::new(move |request| {
            heard.lock().unwrap().push(request.method.clone());
            let mut stored = stored.lock().unwrap();
            let is_silent = match (silence, request.method.as_str()) {
                (Silence::All, _) => true,
                (_, "GET") => false,
                (Silence::Changing | Silence::Lost, _) => return None,
                (Silence::Taking, _) => write(&mut stored, &request.body),
            };
            (!is_silent).then(|| (200, lease(stored.as_deref())))
        });
        Self { stub, value, asked }
    }

    fn start(&self, args: &[&str]) -> Child {
        crate::run::running::default_signals();
        let mut command = std::process::Command::new(super::stage::KUBELOCK);
        command.args(args).env_clear().env("KUBECONFIG", self.stub.kubeconfig());
        command.stdin(std::process::Stdio::null());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    }

    fn until_asked(&self, method: &str) {
        until("a request", || self.asked.lock().unwrap().iter().any(|it| it == method));
    }
}

/// Stores what a patch says; true if that takes the lock.
fn write(stored: &mut Option<String>, body: &str) -> bool {
    let operations: Value = serde_json::from_str(body).unwrap();
    let put = operations.as_array().unwrap().iter().find(|it| it["op"] == "add");
    *stored = put.map(|it| match &it["value"] {
        Value::String(value) => value.clone(),
        map => map[KEY].as_str().unwrap().to_owned(),
    });
    stored.is_some()
}

fn lease(value: Option<&str>) -> String {
    let annotations = value.map_or(json!({"a": "b"}), |value| json!({KEY: value, "a": "b"}));
    let metadata = json!({
        "name": "deploy", "namespace": "default", "uid": "u", "resourceVersion": "7",
        "annotations": annotations,
    });
    json!({"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": metadata})
        .to_string()
}

/// How a program ended, and what it said.
fn ended(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.signal(), said)
}

#[test]
fn a_lock_whose_record_landed_is_given_back_before_the_command_ends() {
    for args in [
        &["acquire", "deploy", "--owner", "bob", "--on", "lease/deploy"][..],
        &["run", "deploy", "--owner", "bob", "--on", "lease/deploy", "--", "true"],
    ] {
        let server = Mute::new(Silence::Taking, None);
        let child = server.start(args);
        until("a record", || server.value.lock().unwrap().is_some());
        send(Pid::from_child(&child), Signal::INT);
        let (signal, said) = ended(child);
        assert_eq!(signal, Some(2), "{said}");
        assert!(!said.contains("error:"), "{said}");
        assert_eq!(*server.value.lock().unwrap(), None, "{said}");
    }
}

#[test]
fn an_acquire_whose_record_may_land_yet_says_until_when() {
    let server = Mute::new(Silence::Lost, None);
    for (sent, number) in [(Signal::INT, 2), (Signal::TERM, 15), (Signal::HUP, 1)] {
        server.asked.lock().unwrap().clear();
        let child = server.start(&["acquire", "deploy", "--owner", "bob", "--on", "lease/deploy"]);
        server.until_asked("PATCH");
        send(Pid::from_child(&child), sent);
        let (signal, said) = ended(child);
        assert_eq!(signal, Some(number), "{said}");
        assert!(said.contains("error: it is unknown whether lock \"deploy\""), "{said}");
        assert!(said.contains("may still take effect until 20"), "{said}");
        assert!(said.contains("hint: look with: kubelock get deploy"), "{said}");
    }
}

#[test]
fn a_second_one_ends_it_at_once_and_tells_what_may_be_left() {
    let server = Mute::new(Silence::All, None);
    for (args, unknown) in [
        (&["acquire", "deploy", "--owner", "bob", "--ttl", "90m"][..], "acquired"),
        (&["acquire", "deploy", "--owner", "bob", "--ttl", "0"], "acquired"),
        (&["run", "deploy", "--owner", "bob", "--ttl", "90m", "--", "true"], "acquired"),
    ] {
        let mut child = server.start(args);
        server.until_asked("PATCH");
        send(Pid::from_child(&child), Signal::INT);
        let said = wait::until(&mut child, "a second Ctrl-C ends it at once\n");
        send(Pid::from_child(&child), Signal::INT);
        let (signal, rest) = ended(child);
        assert_eq!(signal, Some(2), "{said}{rest}");
        assert!(rest.contains("error: interrupted: it is unknown whether lock"), "{said}{rest}");
        assert!(rest.contains(&format!("was {unknown}\n")), "{said}{rest}");
        let (_, until) = rest.split_once("hint: if it was, its record stands until ").unwrap();
        let least = Timestamp::from(SystemTime::now() + Duration::from_mins(4)).to_string();
        assert!(until > least.as_str(), "{said}{rest}");
        server.asked.lock().unwrap().clear();
    }
}

#[test]
fn on_a_terminal_a_second_ctrl_c_ends_it_at_once_too() {
    let server = Mute::new(Silence::All, None);
    let words = [super::stage::KUBELOCK, "acquire", "deploy", "--owner", "bob", "--wait"];
    let mut screen = super::stage::on_terminal(&server.stub.kubeconfig(), 100, &words, |_| {});
    server.until_asked("PATCH");
    screen.type_in(CTRL_C);
    screen.pty.expect("a second Ctrl-C ends it at once");
    screen.type_in(CTRL_C);
    assert_eq!(screen.pty.ended().signal(), Some(2));
    screen.line_with("error: interrupted: it is unknown whether lock");
    screen.line_with("hint: if it was, its record stands until 20");
}

/// A record of bob's that nobody answers for.
fn bobs() -> String {
    let now = Timestamp::from(SystemTime::now());
    // The server of these tests lives in 2099.
    json!({"owner": "bob", "createdAt": now.to_string(), "ttl": 9_000_000_000_000_000_000_i64})
        .to_string()
}

#[test]
fn a_release_or_a_renewal_has_a_second_and_then_its_outcome_is_unknown() {
    for (verb, done) in [("release", "released"), ("renew", "renewed")] {
        let server = Mute::new(Silence::Changing, Some(bobs()));
        let child = server.start(&[verb, "deploy", "--owner", "bob"]);
        server.until_asked("PATCH");
        send(Pid::from_child(&child), Signal::INT);
        let (signal, said) = ended(child);
        assert_eq!(signal, Some(2), "{said}");
        let unknown = format!(
            "error: interrupted: it is unknown whether lock \"deploy\" on lease/deploy in namespace default was {done}\nhint: look with: kubelock get deploy"
        );
        assert!(said.contains(&unknown), "{said}");
    }
}

#[test]
fn what_only_reads_ends_at_once_wherever_it_is() {
    for args in [
        &["get", "deploy"][..],
        &["get", "deploy", "-w"],
        &["doctor", "deploy"],
        &["gc"],
        &["release", "deploy"],
        &["break", "deploy", "--yes", "--reason", "gone"],
        &["acquire", "deploy", "--on", "widgets.example.org/w1"],
        &["run", "deploy", "--on", "widgets.example.org/w1", "--", "true"],
    ] {
        let server = Mute::new(Silence::All, None);
        let child = server.start(args);
        server.until_asked("GET");
        send(Pid::from_child(&child), Signal::INT);
        let (signal, said) = ended(child);
        assert_eq!((signal, said.as_str()), (Some(2), ""), "{args:?}");
    }
}

#[test]
fn who_waits_is_gone_at_once_and_the_loop_around_it_ends() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    let before = stage.record();
    for line in ["kubelock acquire deploy --wait", "kubelock run deploy -- true"] {
        let mut shell = stage.shell();
        shell.type_line(&format!("for i in 1 2; do {line}; done"));
        shell.line_with("waiting ");
        shell.type_in(CTRL_C);
        shell.pty.expect(PROMPT);
        shell.type_line("echo ended-$?");
        shell.line_with("ended-130");
        let lines = shell.lines();
        assert!(!lines.iter().any(|line| line.contains("waiting ")), "{lines:?}");
    }
    assert_eq!(stage.record(), before);
}

#[test]
fn a_signal_that_was_ignored_stays_so() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    let script = "trap '' INT; exec kubelock acquire deploy --owner bob --wait";
    let mut screen =
        super::stage::on_terminal(&stage.kubeconfig, 80, &["sh", "-c", script], |_| {});
    screen.line_with("waiting ");
    screen.type_in(CTRL_C);
    screen.line_with("waiting 2s");
    assert_eq!(stage.run(&["release", "deploy", "--owner", "alice"]).code, Some(0));
    assert_eq!(screen.pty.ended().code(), Some(0));
}

#[test]
fn get_w_on_a_terminal_ends_with_ctrl_c_and_leaves_its_rows() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    let mut screen = stage.on_terminal(100, &["get", "-w"]);
    screen.line_with("alice");
    stage.run(&["acquire", "other", "--owner", "bob"]);
    screen.line_with("bob");
    screen.type_in(CTRL_C);
    assert_eq!(screen.pty.ended().signal(), Some(2));
    let lines = screen.lines();
    assert!(lines[0].starts_with("LOCK ") && lines.len() >= 3, "{lines:?}");
    assert!(screen.drawn().is_empty());
}

#[test]
fn a_loop_of_interrupted_acquires_never_leaves_a_record_unsaid() {
    let stage = Stage::new();
    for pause in 0..40 {
        let child = stage.start(&["acquire", "deploy", "--owner", "bob"]);
        std::thread::sleep(Duration::from_millis(pause));
        let pid = Pid::from_child(&child);
        // It may have ended by itself.
        let _ = rustix::process::kill_process(pid, Signal::INT);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            // It came too late.
            Some(0) => {
                assert!(said.starts_with("acquired lock"), "{said}");
                assert_eq!(stage.run(&["release", "deploy", "--owner", "bob"]).code, Some(0));
            }
            _ => assert_eq!(output.status.signal(), Some(2), "{said}"),
        }
        assert_eq!(stage.record(), None, "after {pause} ms: {said}");
    }
    let outcome = Kubelock::new(&["get", "deploy"]).env("KUBECONFIG", &stage.kubeconfig).run();
    assert_eq!(outcome.code, Some(12), "{}", outcome.stderr);
}
