//! What is not there comes with what is called alike; it is a courtesy, and costs nobody anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::process::{Kubelock, Outcome};
use crate::space::Space;
use crate::stub::{Request, Stub};

fn hints(outcome: &Outcome) -> Vec<&str> {
    outcome.stderr.lines().filter_map(|line| line.strip_prefix("hint: ")).collect()
}

/// A machine that is busy may take longer for a list than an error waits for it.
const ATTEMPTS: usize = 5;

/// Each line must end so, with this hint among others.
fn check(space: &Space, lines: &[(i32, &str, &[&str])]) {
    for (code, hint, line) in lines {
        let outcome = hinted(hint, || space.run(line));
        assert_eq!(outcome.code, Some(*code), "{line:?}: {}", outcome.stderr);
        assert!(hints(&outcome).contains(hint), "{line:?}: no {hint} in\n{}", outcome.stderr);
    }
}

/// The first that has this hint, or the last of a few.
fn hinted(hint: &str, run: impl Fn() -> Outcome) -> Outcome {
    let mut attempts = (0..ATTEMPTS).map(|_| run());
    let first = attempts.find(|outcome| hints(outcome).contains(&hint));
    first.unwrap_or_else(run)
}

#[test]
fn a_lock_that_is_not_there_comes_with_one_of_a_similar_name() {
    let Some(space) = Space::new("similar-lock") else { return };
    space.configmap("app", &[]);
    space.play(&[
        (0, &["acquire", "deploy", "--owner", "alice"]),
        (0, &["acquire", "schema", "--on", "cm/app", "--owner", "alice"]),
    ]);
    let (lease, object) = ("did you mean deploy?", "did you mean schema?");
    let reason = ["--yes", "--reason", "gone"];
    check(
        &space,
        &[
            (12, lease, &["get", "deplyo"]),
            (12, lease, &["release", "deplyo", "--owner", "alice"]),
            (12, lease, &["renew", "deplyo", "--owner", "alice"]),
            (12, lease, &["break", "deplyo", reason[0], reason[1], reason[2]]),
            (12, lease, &["get", "deplyo", "-l", "!legacy"]),
            (12, object, &["get", "shcema", "--on", "cm/app"]),
            (12, object, &["get", "shcema", "--on", "cm"]),
            (12, object, &["release", "shcema", "--on", "cm/app", "--owner", "alice"]),
            (12, object, &["renew", "shcema", "--on", "cm/app", "--owner", "alice"]),
            (12, object, &["break", "shcema", "--on", "cm/app", reason[0], reason[1], reason[2]]),
        ],
    );
    for line in [&["get", "backup"][..], &["get", "backup", "--on", "cm/app"]] {
        let outcome = space.run(line);
        assert_eq!((outcome.code, hints(&outcome)), (Some(12), vec![]), "{}", outcome.stderr);
    }
}

#[test]
fn a_lock_that_was_given_back_or_has_expired_is_no_slip_of_the_finger() {
    let Some(space) = Space::new("similar-free") else { return };
    let expired = r#"{"owner":"alice","createdAt":"2020-03-25T10:00:00Z","ttl":300000000000}"#;
    let keys = ["brief", "briefs"].map(|name| format!("kubelock.giantswarm.io/{name}"));
    space.configmap("app", &[(&keys[0], expired), (&keys[1], expired)]);
    space.play(&[
        (0, &["acquire", "deploy", "--owner", "alice"]),
        (0, &["release", "deploy", "--owner", "alice"]),
    ]);
    for line in [&["renew", "brief", "--on", "cm/app", "--owner", "bob"][..], &["renew", "deploys"]]
    {
        let outcome = space.run(line);
        assert_eq!((outcome.code, hints(&outcome)), (Some(12), vec![]), "{}", outcome.stderr);
    }
}

#[test]
fn an_object_that_is_not_there_comes_with_those_of_a_similar_name() {
    let Some(space) = Space::new("similar-object") else { return };
    space.configmap("app-config", &[]);
    let meant = "did you mean configmap/app-config?";
    check(
        &space,
        &[
            (1, meant, &["acquire", "schema", "--on", "cm/app-confg", "--owner", "alice"]),
            (1, meant, &["get", "schema", "--on", "cm/app-confg"]),
            (1, meant, &["get", "--on", "cm/app-confg"]),
            (1, meant, &["release", "schema", "--on", "cm/app", "--owner", "alice"]),
        ],
    );
    #[cfg(unix)]
    {
        let namespace = ["-n", &space.namespace];
        let line = ["run", "schema", "--on", "cm/app-confg", "--", "true"];
        let words = [&namespace[..], &line].concat();
        let run = || Kubelock::new(&words).env("KUBECONFIG", space.cluster.kubeconfig()).run();
        let outcome = hinted(meant, run);
        assert_eq!(outcome.code, Some(125), "{}", outcome.stderr);
        assert!(hints(&outcome).contains(&meant), "{}", outcome.stderr);
    }
    let remedy = format!("remedy: {meant}");
    let doctor = || space.run(&["doctor", "schema", "--on", "cm/app-confg"]).stdout;
    assert!((0..ATTEMPTS).any(|_| doctor().contains(&remedy)), "{}", doctor());
}

#[test]
fn a_namespace_that_is_not_there_comes_with_one_of_a_similar_name() {
    let Some(space) = Space::new("similar-namespace") else { return };
    let typed = format!("{}q", space.namespace);
    let question =
        format!("there may be no namespace {typed}: did you mean -n {}?", space.namespace);
    for line in [
        &["acquire", "deploy"][..],
        &["release", "deploy"],
        &["get", "deploy"],
        &["acquire", "schema", "--on", "cm/app"],
    ] {
        let words = [line, &["-n", &typed]].concat();
        let run = || Kubelock::new(&words).env("KUBECONFIG", space.cluster.kubeconfig()).run();
        let outcome = hinted(&question, run);
        assert!(hints(&outcome).contains(&&*question), "{line:?}: {}", outcome.stderr);
    }
}

#[test]
fn who_may_not_list_is_told_nothing_of_it() {
    let Some(space) = Space::new("similar-denied") else { return };
    space.play(&[(0, &["acquire", "deploy", "--owner", "alice"])]);
    let user = space.user(&json!([
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get"]},
    ]));
    let outcome = space.run(&["get", "deplyo", "--as", &user]);
    assert_eq!((outcome.code, hints(&outcome)), (Some(12), vec![]), "{}", outcome.stderr);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
}

/// What an API server says of an object that it does not have.
fn missing(request: &Request) -> (u16, String) {
    let name = request.path.rsplit('/').next().unwrap();
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
        "reason": "NotFound", "message": format!("leases.coordination.k8s.io {name:?} not found"),
        "details": {"name": name, "group": "coordination.k8s.io", "kind": "leases"},
    });
    (404, status.to_string())
}

fn is_list(request: &Request) -> bool {
    request.path.ends_with("/leases")
}

fn at(stub: &Stub, args: &[&str]) -> Outcome {
    Kubelock::new(args).env("KUBECONFIG", stub.kubeconfig()).run()
}

#[test]
fn it_is_asked_once_however_much_is_missing_and_not_for_who_is_quiet() {
    let lists = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lists);
    let stub = Stub::new(move |request| {
        if is_list(request) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        Some(missing(request))
    });
    assert_eq!(at(&stub, &["get", "deplyo", "-q"]).code, Some(12));
    assert_eq!(lists.load(Ordering::Relaxed), 0);
    assert_eq!(at(&stub, &["get", "deplyo"]).code, Some(12));
    assert_eq!(lists.load(Ordering::Relaxed), 1);
    let many = ["get", "a", "b", "c", "deplyo"];
    assert_eq!(at(&stub, &many).code, Some(12));
    assert_eq!(lists.load(Ordering::Relaxed), 2);
}

#[test]
fn a_server_that_is_slow_to_list_does_not_keep_the_error_back() {
    let stub = Stub::new(|request| (!is_list(request)).then(|| missing(request)));
    // It would be this hour that is waited for.
    let outcome = at(&stub, &["get", "deplyo", "--request-timeout", "1h"]);
    assert_eq!((outcome.code, hints(&outcome)), (Some(12), vec![]), "{}", outcome.stderr);
}

fn leases(names: &[&str]) -> Value {
    let lease = |name: &&str| {
        let key = format!("kubelock.giantswarm.io/{name}");
        json!({"metadata": {"name": name, "annotations": {key: "{}"}}})
    };
    json!({"kind": "LeaseList", "items": names.iter().map(lease).collect::<Vec<_>>()})
}

#[test]
fn what_no_lock_can_be_called_is_not_shown() {
    let long = format!("deplyo{}", "o".repeat(100));
    let names =
        ["deplyo\u{1b}[2J", "deplyo\nerror: forged", "deplyo$(reboot)", "deply\u{202e}", &long];
    let body = leases(&names).to_string();
    let hostile = Stub::new(move |request| {
        Some(if is_list(request) { (200, body.clone()) } else { missing(request) })
    });
    let outcome = at(&hostile, &["get", "deplyo"]);
    assert_eq!((outcome.code, hints(&outcome)), (Some(12), vec![]), "{}", outcome.stderr);

    let body = leases(&["deploy", "deply", "deplyoo", "deplyos", "deplyox"]).to_string();
    let full = Stub::new(move |request| {
        Some(if is_list(request) { (200, body.clone()) } else { missing(request) })
    });
    let question = "did you mean deploy, deply or deplyoo?";
    let outcome = hinted(question, || at(&full, &["get", "deplyo"]));
    assert_eq!(hints(&outcome), [question]);
}

#[test]
fn nonsense_in_place_of_a_list_is_ignored() {
    for body in ["", "null", "[]", "{\"items\": 7}", "<html>"] {
        let stub = Stub::new(move |request| {
            Some(if is_list(request) { (200, body.to_owned()) } else { missing(request) })
        });
        let outcome = at(&stub, &["get", "deplyo"]);
        assert_eq!((outcome.code, hints(&outcome)), (Some(12), vec![]), "{}", outcome.stderr);
    }
}

#[test]
fn an_object_that_others_named_for_a_shell_is_one_word_of_it() {
    let stub = Stub::new(|request| {
        if request.path.ends_with("/clusterroles") {
            let items = [json!({"metadata": {"name": "deploy;reboot"}})];
            return Some((200, json!({"kind": "List", "items": items}).to_string()));
        }
        let status = json!({
            "kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound",
            "message": "not found", "details": {
                "name": "deploy", "group": "rbac.authorization.k8s.io", "kind": "clusterroles",
            },
        });
        Some((404, status.to_string()))
    });
    let question = "did you mean 'clusterrole/deploy;reboot'?";
    let get = || at(&stub, &["get", "x", "--on", "clusterrole/deploy"]);
    let outcome = hinted(question, get);
    assert!(hints(&outcome).contains(&question), "{}", outcome.stderr);
}
