//! `get -w`: a row for each change.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::Value;

use crate::space::Space;

/// No row takes as long, unless it never comes.
const PATIENCE: Duration = Duration::from_mins(1);
const KEY: &str = "kubelock.giantswarm.io/schema";

/// A `get -w` that runs, and its lines.
pub(super) struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    pub(super) fn start(space: &Space, args: &[&str]) -> Self {
        Self::of(
            Command::new(env!("CARGO_BIN_EXE_kubelock"))
                .args(["get", "-w", "-n", &space.namespace])
                .args(args)
                .env("KUBECONFIG", space.cluster.kubeconfig()),
        )
    }

    pub(super) fn of(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (said, lines) = channel();
        // A note that there are no locks yet tells that the watch begins; rows are the rest.
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let told = said.clone();
        std::thread::spawn(move || stderr.lines().try_for_each(|line| told.send(line.unwrap())));
        std::thread::spawn(move || stdout.lines().try_for_each(|line| said.send(line.unwrap())));
        Self { child, lines }
    }

    pub(super) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    /// The first four columns, or as many as there are.
    fn row(&self) -> String {
        self.line().split_whitespace().take(4).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_lock_is_followed_from_before_its_first_holder_until_its_object_is_gone() {
    let Some(space) = Space::new("follow") else { return };
    let watch = Watch::start(&space, &["deploy"]);
    let place = format!("no locks yet on lease/deploy in namespace {}", space.namespace);
    assert_eq!(watch.line(), place);

    space.run(&["acquire", "deploy", "--owner", "alice", "--ttl", "90m"]);
    assert_eq!(watch.row(), "LOCK ON OWNER STATE");
    assert_eq!(watch.row(), "deploy lease/deploy alice held");
    space.run(&["acquire", "other", "--owner", "bob"]);
    space.run(&["renew", "deploy", "--owner", "alice"]);
    assert_eq!(watch.row(), "deploy lease/deploy alice held");
    space.run(&["release", "deploy", "--owner", "alice"]);
    assert_eq!(watch.row(), "deploy lease/deploy - free");
    space.run(&["acquire", "deploy", "--owner", "bob", "--ttl", "1s"]);
    assert_eq!(watch.row(), "deploy lease/deploy bob held");
    assert_eq!(watch.row(), "deploy lease/deploy bob expired");
    space.with(async |client| {
        let leases: Api<k8s_openapi::api::coordination::v1::Lease> =
            Api::namespaced(client, &space.namespace);
        leases.delete("deploy", &DeleteParams::default()).await.unwrap();
    });
    assert_eq!(watch.row(), "deploy lease/deploy - deleted");
}

#[test]
fn an_object_that_loses_its_labels_is_not_said_to_be_deleted() {
    let Some(space) = Space::new("follow-labels") else { return };
    let record = r#"{"owner":"alice","createdAt":"2126-01-01T00:00:00Z","ttl":300000000000}"#;
    space.configmap("app", &[(KEY, record)]);
    let label = |team: &str| {
        let labels = serde_json::json!({"metadata": {"labels": {"team": team}}});
        space.with(async |client| {
            let api: Api<k8s_openapi::api::core::v1::ConfigMap> =
                Api::namespaced(client, &space.namespace);
            api.patch("app", &PatchParams::default(), &Patch::Merge(&labels)).await.unwrap();
        });
    };
    label("a");
    let watch = Watch::start(&space, &["--on", "cm", "-l", "team=a"]);
    watch.line();
    assert_eq!(watch.row(), "schema configmap/app alice held");

    label("b");
    assert_eq!(watch.row(), "schema configmap/app - gone");
    label("a");
    assert_eq!(watch.row(), "schema configmap/app alice held");
}

#[test]
fn rows_stand_below_each_other_under_one_header() {
    let Some(space) = Space::new("follow-rows") else { return };
    space.run(&["acquire", "a-name-of-some-length", "--owner", "alice", "--ttl", "90m"]);
    let watch = Watch::start(&space, &[]);
    let (header, first) = (watch.line(), watch.line());

    space.run(&["acquire", "b", "--owner", "bob", "--ttl", "90m"]);
    let second = watch.line();

    let column = header.find("OWNER").unwrap();
    assert_eq!(&first[column..column + 5], "alice");
    assert_eq!(&second[column + 4..column + 7], "   ", "{second:?}");
    assert!(second.starts_with("b   ") && second.contains("lease/b"), "{second:?}");
}

#[test]
fn in_json_each_change_is_a_line_and_changes_of_anything_else_are_none() {
    let Some(space) = Space::new("follow-json") else { return };
    let record = |owner: &str| {
        format!(r#"{{"owner":"{owner}","createdAt":"2126-01-01T00:00:00Z","ttl":300000000000}}"#)
    };
    space.configmap("app", &[(KEY, &record("alice"))]);
    let watch = Watch::start(&space, &["--on", "cm", "-o", "json"]);
    let first = watch.json();

    space.annotate("app", "team", "another");
    space.annotate("app", KEY, "{\"owner\":7}");
    let second = watch.json();
    space.annotate("app", KEY, &record("bob"));
    let third = watch.json();

    assert_eq!((&first["on"], &first["owner"]), (&"configmap/app".into(), &"alice".into()));
    assert_eq!(second["state"], "malformed");
    assert!(second["malformed"].as_str().unwrap().contains("owner is no string"));
    assert!(second.get("owner").is_none());
    assert_eq!((&third["state"], &third["owner"]), (&"held".into(), &"bob".into()));
}

#[test]
#[cfg(unix)]
fn it_ends_when_nobody_reads_it() {
    let Some(space) = Space::new("follow-unread") else { return };
    space.run(&["acquire", "deploy", "--owner", "alice", "--ttl", "90m", "-q"]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_kubelock"))
        .args(["get", "-w", "-n", &space.namespace])
        .env("KUBECONFIG", space.cluster.kubeconfig())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());

    assert_eq!(child.wait().unwrap().code(), Some(0));
}
