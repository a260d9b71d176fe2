//! Leases that nobody uses go; all others stay.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use insta::assert_snapshot;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::get::scripted::{Reply, Server};
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

/// An idle Lease as a server shows it.
fn seen_lease((namespace, name): &(&str, &str), uid: &str) -> Value {
    let mut lease = idle(name);
    lease["metadata"]["namespace"] = json!(namespace);
    lease["metadata"]["uid"] = json!(uid);
    lease["metadata"]["resourceVersion"] = json!("7");
    lease["metadata"]["creationTimestamp"] = json!("2020-03-25T10:00:00Z");
    lease
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
    deleting_anew(names, "u", answers)
}

/// The same, and whoever looks after the first deletion sees Leases of this UID.
fn deleting_anew(
    names: &[(&str, &str)],
    uid_then: &str,
    answers: &'static [Option<u16>],
) -> (Stub, Arc<Mutex<Vec<String>>>) {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&bodies);
    let list = |uid| {
        let leases: Vec<_> = names.iter().map(|name| seen_lease(name, uid)).collect();
        json!({"kind": "LeaseList", "metadata": {}, "items": leases}).to_string()
    };
    let (before, then) = (list("u"), list(uid_then));
    let stub = Stub::new(move |request| {
        if request.method != "DELETE" {
            let is_first = seen.lock().unwrap().is_empty();
            return Some((200, if is_first { before.clone() } else { then.clone() }));
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
fn a_lease_that_was_made_anew_after_its_deletion_is_told_as_deleted() {
    const CONFLICT: &[Option<u16>] = &[None, Some(409)];
    let gc = ["gc", "--request-timeout", "300ms", "-o", "name"];
    for (uid_then, told) in [("other", "lease/deploy\n"), ("u", "")] {
        let (stub, bodies) = deleting_anew(&[("default", "deploy")], uid_then, CONFLICT);
        let outcome = Kubelock::new(&gc).env("KUBECONFIG", stub.kubeconfig()).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), told), "{}", outcome.stderr);
        assert_eq!(bodies.lock().unwrap().len(), 2);
    }
}

/// A run whose data nobody can take, and how it ended once so many deletions were asked for.
#[cfg(target_os = "linux")]
fn into_full_disk(
    stub: &Stub,
    line: &[&str],
    interrupt: impl FnOnce(rustix::process::Pid),
) -> (std::process::ExitStatus, String) {
    crate::run::running::default_signals();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kubelock"));
    command.args(line).arg("--kubeconfig").arg(stub.kubeconfig()).env_clear();
    command.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let child = command.spawn().unwrap();
    interrupt(rustix::process::Pid::from_child(&child));
    let output = child.wait_with_output().unwrap();
    (output.status, String::from_utf8(output.stderr).unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn what_was_deleted_and_what_is_unknown_is_told_even_if_it_cannot_be_printed() {
    const ANSWERS: &[Option<u16>] = &[Some(200), None, None];
    let (stub, _) = deleting_all(&[("default", "a"), ("default", "b")], ANSWERS);
    let gc = ["gc", "-q", "--request-timeout", "300ms"];
    let (status, said) = into_full_disk(&stub, &gc, |_| {});
    assert_eq!(status.code(), Some(15), "{said}");
    let hint = "hint: deleted all the same: 1 idle Lease in namespace default\n";
    assert!(said.starts_with("error: cannot write: ") && said.contains(hint), "{said}");
    assert!(said.contains("error: it is unknown whether lease/b in namespace default"), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_sweep_dies_of_it_whatever_becomes_of_its_data_and_says_where_to_look() {
    use std::os::unix::process::ExitStatusExt;
    const ANSWERS: &[Option<u16>] = &[Some(200), None];
    let (stub, bodies) = deleting_all(&[("ci", "a"), ("ci", "b")], ANSWERS);
    let gc = ["gc", "-n", "ci", "--older-than", "90m"];
    let (status, said) = into_full_disk(&stub, &gc, |pid| {
        crate::run::running::until("two deletions", || bodies.lock().unwrap().len() == 2);
        crate::run::running::send(pid, rustix::process::Signal::INT);
    });
    assert_eq!(status.signal(), Some(2), "{said}");
    assert!(said.contains("deleted 1 idle Lease in namespace ci\n"), "{said}");
    let look = "hint: look with: kubelock gc --dry-run -n ci --older-than 1h30m --kubeconfig ";
    assert!(said.contains(&format!("{look}{}\n", stub.kubeconfig().display())), "{said}");
}

#[test]
fn a_namespace_that_is_none_is_sent_nowhere_wherever_it_comes_from() {
    let asked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&asked);
    let stub = Stub::new(move |_| {
        seen.store(true, Ordering::Relaxed);
        Some((200, json!({"metadata": {}, "items": []}).to_string()))
    });
    let config = std::fs::read_to_string(stub.kubeconfig()).unwrap();
    let mut config: Value = serde_json::from_str(&config).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for namespace in ["Team_A", "ci/pods?x="] {
        config["contexts"][0]["context"]["namespace"] = json!(namespace);
        let path = folder.path().join("config");
        std::fs::write(&path, config.to_string()).unwrap();
        let outcome = Kubelock::new(&["gc", "--dry-run"]).env("KUBECONFIG", path).run();
        assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
        assert!(outcome.stderr.starts_with("error: invalid namespace"), "{}", outcome.stderr);
    }
    assert!(!asked.load(Ordering::Relaxed));
}

#[test]
fn a_list_goes_on_with_the_token_that_the_server_gave_when_a_busy_one_says() {
    let page = |token: &str, name: &str| {
        let items = [seen_lease(&("default", name), "u")];
        Reply::json(200, &json!({"metadata": {"continue": token}, "items": items}))
    };
    let server = Server::new(vec![page("a+b/c=&é", "a"), Reply::busy(), page("", "b")]);
    let gc = ["gc", "--dry-run", "-o", "name"];
    let outcome = Kubelock::new(&gc).env("KUBECONFIG", server.kubeconfig()).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "lease/a\nlease/b\n"));
    let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    let first =
        format!("{leases}?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dkubelock&limit=500");
    let next = format!("{first}&continue=a%2Bb%2Fc%3D%26%C3%A9");
    assert_eq!(server.requests(), [first, next.clone(), next]);
}

#[test]
fn a_busy_server_is_left_alone_for_as_long_as_it_says() {
    let nothing = Reply::json(200, &json!({"metadata": {}, "items": []}));
    let server = Server::new(vec![Reply::busy_for(600), nothing]);
    let gc = ["gc", "--request-timeout", "3s"];
    let outcome = Kubelock::new(&gc).env("KUBECONFIG", server.kubeconfig()).run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("no answer within 3s"), "{}", outcome.stderr);
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
