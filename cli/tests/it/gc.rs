//! Leases that nobody uses go; all others stay.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use insta::assert_snapshot;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::process::Kubelock;
use crate::space::Space;
use crate::stub::Stub;

/// What `acquire` leaves when its lock is given back.
fn idle(name: &str) -> Value {
    json!({
        "metadata": {
            "name": name,
            "labels": {"app.kubernetes.io/managed-by": "kubelock"},
            "annotations": {"kubernetes.io/description": "Carries locks; made by kubelock."},
        },
    })
}

impl Space {
    fn leases(&self) -> Vec<String> {
        self.with(async |client| {
            let api: Api<Lease> = Api::namespaced(client, &self.namespace);
            let list = api.list(&ListParams::default()).await.unwrap();
            list.items.iter().map(ResourceExt::name_any).collect()
        })
    }

    fn create_leases(&self, leases: &[Value]) {
        self.with(async |client| {
            let api: Api<Lease> = Api::namespaced(client, &self.namespace);
            let create = |lease: &Value| {
                let (api, lease) = (api.clone(), serde_json::from_value(lease.clone()).unwrap());
                async move { api.create(&PostParams::default(), &lease).await.unwrap() }
            };
            futures_util::stream::iter(leases).map(create).buffer_unordered(16).count().await;
        });
    }
}

#[test]
fn what_kubelock_made_and_nobody_uses_is_deleted() {
    let Some(space) = Space::new("gc") else { return };
    for lock in ["free", "spare"] {
        space.play(&[
            (0, &["acquire", lock, "--owner", "alice", "-q"]),
            (0, &["release", lock, "--owner", "alice", "-q"]),
        ]);
    }
    space.play(&[(0, &["acquire", "held", "--owner", "alice", "-q"])]);
    assert_snapshot!(space.play(&[
        (0, &["gc"]),
        (0, &["gc", "--older-than", "1h", "-o", "json"]),
        (0, &["gc", "--older-than", "0", "--dry-run"]),
        (0, &["gc", "--older-than", "0", "--dry-run", "-o", "name"]),
        (0, &["gc", "--older-than", "0"]),
        (0, &["gc", "--older-than", "0"]),
        (0, &["acquire", "free", "--owner", "alice", "-q"]),
    ]));
    assert_eq!(space.leases(), ["free", "held"]);
}

#[test]
fn whatever_anybody_may_still_need_is_kept() {
    let Some(space) = Space::new("gc-keeps") else { return };
    let with = |name: &str, path: &str, value: Value| {
        let mut lease = idle(name);
        lease["spec"] = json!({});
        *lease.pointer_mut(path).unwrap() = value;
        lease
    };
    let lock = "kubelock.giantswarm.io/x";
    let queue = "queue.kubelock.giantswarm.io/x";
    let leases = [
        with("not-ours", "/metadata/labels", json!({})),
        with("annotated", "/metadata/annotations", json!({"team": "a"})),
        with("other-prefix", "/metadata/annotations", json!({"locks.example.org/x": "{}"})),
        with("malformed", "/metadata/annotations", json!({lock: "?"})),
        with("expired", "/metadata/annotations", json!({lock: "{}"})),
        with("queue", "/metadata/annotations", json!({queue: "[]"})),
        with("election", "/spec", json!({"holderIdentity": "leader", "leaseDurationSeconds": 15})),
        idle("idle"),
    ];
    space.create_leases(&leases);
    let outcome = space.run(&["gc", "--older-than", "0", "-o", "name"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "lease/idle\n"));
    assert_eq!(space.leases().len(), leases.len() - 1);
}

#[test]
fn more_than_one_page_is_deleted() {
    let Some(space) = Space::new("gc-pages") else { return };
    let leases: Vec<Value> = (0..501).map(|number| idle(&format!("l-{number}"))).collect();
    space.create_leases(&leases);
    let outcome = space.run(&["gc", "--older-than", "0", "-q", "-o", "name"]);
    assert_eq!(outcome.stdout.lines().count(), 501, "{}", outcome.stderr);
    assert!(space.leases().is_empty());
}

#[test]
fn locks_are_taken_and_given_back_while_their_leases_are_swept_away() {
    let Some(space) = Space::new("gc-race") else { return };
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                space.play(&[(0, &["gc", "--older-than", "0"])]);
            }
        });
        for _ in 0..20 {
            let lines: [(i32, &[&str]); 2] = [
                (0, &["acquire", "deploy", "--owner", "alice"]),
                (0, &["release", "deploy", "--owner", "alice"]),
            ];
            let outcomes = lines.map(|(code, line)| (Some(code), space.run(line)));
            let went_well = outcomes.iter().all(|(code, outcome)| outcome.code == *code);
            if !went_well {
                is_over.store(true, Ordering::Relaxed);
            }
            assert!(went_well, "{}", outcomes.map(|(_, it)| it.stderr).concat());
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

/// A server with one idle Lease that answers deletions so, one after the other.
fn deleting(answers: &'static [Option<u16>]) -> (Stub, Arc<Mutex<Vec<String>>>) {
    deleting_all(&[("default", "deploy")], answers)
}

/// The same with several, each in its namespace.
fn deleting_all(
    names: &[(&str, &str)],
    answers: &'static [Option<u16>],
) -> (Stub, Arc<Mutex<Vec<String>>>) {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&bodies);
    let lease = |(namespace, name): &(&str, &str)| {
        let mut lease = idle(name);
        lease["metadata"]["namespace"] = json!(namespace);
        lease["metadata"]["uid"] = json!("u");
        lease["metadata"]["resourceVersion"] = json!("7");
        lease["metadata"]["creationTimestamp"] = json!("2020-03-25T10:00:00Z");
        lease
    };
    let leases: Vec<_> = names.iter().map(lease).collect();
    let list = json!({"kind": "LeaseList", "metadata": {}, "items": leases}).to_string();
    let stub = Stub::new(move |request| {
        if request.method != "DELETE" {
            return Some((200, list.clone()));
        }
        let mut seen = seen.lock().unwrap();
        seen.push(request.body.clone());
        let code = answers[seen.len() - 1]?;
        let status = json!({"kind": "Status", "status": "Failure", "code": code, "message": "m"});
        Some((code, status.to_string()))
    });
    (stub, bodies)
}

#[test]
fn a_lease_is_deleted_as_it_was_seen_or_not_at_all() {
    const CONFLICT: &[Option<u16>] = &[Some(409)];
    let (stub, bodies) = deleting(CONFLICT);
    let outcome = Kubelock::new(&["gc"]).env("KUBECONFIG", stub.kubeconfig()).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{}", outcome.stderr);
    assert_eq!(outcome.stderr, "deleted nothing in namespace default\n");
    let bodies = bodies.lock().unwrap();
    let body: Value = serde_json::from_str(&bodies[0]).unwrap();
    assert_eq!(body["preconditions"], json!({"uid": "u", "resourceVersion": "7"}));
}

#[test]
fn a_deletion_without_an_answer_is_tried_once_more() {
    const GONE: &[Option<u16>] = &[None, Some(404)];
    const SILENT: &[Option<u16>] = &[None, None];
    let gc = ["gc", "--request-timeout", "300ms", "-o", "name"];
    let (stub, bodies) = deleting(GONE);
    let outcome = Kubelock::new(&gc).env("KUBECONFIG", stub.kubeconfig()).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "lease/deploy\n"));
    assert_eq!(bodies.lock().unwrap().len(), 2);

    let (stub, _) = deleting(SILENT);
    let outcome = Kubelock::new(&gc).env("KUBECONFIG", stub.kubeconfig()).run();
    assert_eq!(outcome.code, Some(15), "{}", outcome.stderr);
    assert_snapshot!(outcome.transcript());
}

#[test]
fn a_lease_that_may_not_be_deleted_keeps_none_of_the_others() {
    const ANSWERS: &[Option<u16>] = &[Some(403), Some(403), Some(200), Some(500), Some(200)];
    let names = [("a", "a-1"), ("a", "a-2"), ("b", "b-1"), ("b", "b-2"), ("c", "c-1")];
    let (stub, _) = deleting_all(&names, ANSWERS);
    let gc = ["gc", "-A", "-o", "name"];
    let outcome = Kubelock::new(&gc).env("KUBECONFIG", stub.kubeconfig()).run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert_snapshot!(outcome.transcript());
}

#[test]
fn a_server_that_is_busy_is_asked_again() {
    const BUSY: &[Option<u16>] = &[Some(429), Some(200)];
    let (stub, bodies) = deleting(BUSY);
    let outcome = Kubelock::new(&["gc", "-o", "name"]).env("KUBECONFIG", stub.kubeconfig()).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "lease/deploy\n"));
    assert_eq!(bodies.lock().unwrap().len(), 2);
}

#[test]
fn who_may_not_list_leases_is_told_what_is_missing() {
    let Some(space) = Space::new("gc-forbidden") else { return };
    assert_snapshot!(space.play(&[(1, &["gc", "--as", "zoe"]), (1, &["gc", "-A", "--as", "zoe"])]));
}
