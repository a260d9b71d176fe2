//! Servers that refuse what a command asks beside the lock itself, or answer with nonsense.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::process::Kubelock;
use crate::stub::Stub;

/// What each line says at a server that answers so; `None` is its 404.
fn said(lines: &[&[&str]], answers: fn(&str, &str) -> Option<(u16, Value)>) -> String {
    let stub = Stub::new(move |request| {
        let missing = || (404, status(404, "NotFound", "the server has nothing of the kind"));
        let (code, body) = answers(&request.method, &request.path).unwrap_or_else(missing);
        Some((code, body.to_string()))
    });
    let run = |line: &&[&str]| Kubelock::new(line).env("KUBECONFIG", stub.kubeconfig()).run();
    lines.iter().map(|line| run(line).transcript()).collect()
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": code, "reason": reason, "message": message,
    })
}

fn forbidden(words: &str) -> (u16, Value) {
    (403, status(403, "Forbidden", &format!("forbidden: User \"zoe\" cannot {words}")))
}

#[test]
fn a_server_that_does_not_tell_its_kinds_is_quoted_on_that() {
    let lines: [&[&str]; 4] = [
        &["get", "deploy", "--on", "widget/w1"],
        &["acquire", "deploy", "--on", "widgets.v1.example.org/w1"],
        &["get", "--all-kinds"],
        &["rbac", "--on", "widget/w1", "-n", "ci"],
    ];
    assert_snapshot!(said(&lines, |_, path| Some(forbidden(&format!("get path \"{path}\"")))));
    let broken = said(&lines[..1], |_, _| Some((503, status(503, "", "etcd is away"))));
    assert_snapshot!("a_server_without_its_kinds", broken);
    let old = said(&lines[2..3], |_, path| {
        let kind = if path == "/api" { "APIVersions" } else { "APIGroupList" };
        Some((200, json!({"kind": kind, "groups": []})))
    });
    assert_snapshot!("an_old_server", old);
}

#[test]
fn a_server_that_does_not_tell_its_version_is_quoted_on_that() {
    let lines: [&[&str]; 1] = [&["version"]];
    let all = [
        said(&lines, |_, path| Some(forbidden(&format!("get path \"{path}\"")))),
        said(&lines, |_, _| Some((401, status(401, "Unauthorized", "Unauthorized")))),
        said(&lines, |_, _| Some((500, status(500, "", "etcd is away")))),
        said(&lines, |_, _| Some((200, json!("nonsense")))),
    ];
    let all: String = all
        .concat()
        .lines()
        .filter(|line| !line.starts_with('|'))
        .fold(String::new(), |all, line| all + line + "\n");
    assert_snapshot!(all);
}

/// A kind of the group `example.org`, and what can be done with it.
fn widgets(path: &str) -> Option<(u16, Value)> {
    let widgets = json!({
        "name": "widgets", "singularName": "widget", "kind": "Widget", "namespaced": true,
        "verbs": ["get", "list", "watch", "patch"],
    });
    let is_asked_for = path == "/apis/example.org/v1";
    is_asked_for.then(|| (200, json!({"kind": "APIResourceList", "resources": [widgets]})))
}

#[test]
fn a_kind_that_is_not_for_lists_is_called_so() {
    let lines: [&[&str]; 1] = [&["get", "--on", "widgets.v1.example.org"]];
    assert_snapshot!(said(&lines, |_, path| {
        let not_allowed = || (405, status(405, "MethodNotAllowed", "the server does not allow it"));
        widgets(path).or_else(|| Some(not_allowed()))
    }));
}

#[test]
fn who_may_list_none_of_all_kinds_is_told_what_can_be_had_without() {
    let lines: [&[&str]; 1] = [&["get", "--all-kinds"]];
    assert_snapshot!(said(&lines, |_, path| match path {
        "/api" | "/apis" => {
            let kind = json!({
                "resource": "configmaps", "singularResource": "configmap", "scope": "Namespaced",
                "responseKind": {"kind": "ConfigMap"}, "verbs": ["get", "list", "patch"],
            });
            let items = if path == "/api" {
                json!([{"versions": [{"version": "v1", "resources": [kind]}]}])
            } else {
                json!([])
            };
            Some((200, json!({"kind": "APIGroupDiscoveryList", "items": items})))
        }
        _ => Some(forbidden("list that")),
    }));
}

#[test]
fn a_break_whose_event_is_refused_says_so_and_is_done() {
    let lines: [&[&str]; 1] = [&["break", "deploy", "--yes", "--reason", "gone"]];
    let said = said(&lines, |method, path| {
        let annotations = json!({"kubelock.giantswarm.io/deploy":
            r#"{"owner":"alice","createdAt":"2020-03-25T10:00:00Z","ttl":300000000000}"#});
        let lease = |annotations: Value, version: &str| {
            let metadata = json!({
                "name": "deploy", "uid": "u", "resourceVersion": version,
                "annotations": annotations,
            });
            (200, json!({"kind": "Lease", "metadata": metadata}))
        };
        match method {
            "GET" => Some(lease(annotations, "7")),
            "PATCH" => Some(lease(json!({}), "8")),
            _ if path.ends_with("/events") => Some((422, status(422, "Invalid", "no events here"))),
            _ => None,
        }
    });
    assert!(said.ends_with("[0]\n"), "{said}");
    let warning = said.lines().find(|line| line.starts_with("warning: ")).unwrap();
    assert_eq!(
        warning,
        "warning: no Event tells of it: the API server refused it (422): no events here"
    );
}

#[test]
fn a_doctor_that_may_not_ask_says_what_it_does_not_know() {
    let lines: [&[&str]; 1] = [&["doctor", "deploy"]];
    let said = said(&lines, |_, path| match path {
        "/version" => Some(forbidden("get path \"/version\"")),
        path if path.contains("review") => Some((500, status(500, "", "no reviews here"))),
        _ => None,
    });
    for words in [
        "Kubernetes of a version that it does not tell",
        "whether fencing tokens can be compared is not known",
        "remedy: grant get on the URL /version (the ClusterRole system:public-info-viewer)",
        "cannot be asked for: no reviews here",
        "remedy: the dry run tells whether a lock can be taken",
        "remedy: synchronise this machine's clock, by NTP for example",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// A server that answers all with this.
fn said_at(code: u16, line: &[&str]) -> String {
    let stub = Stub::new(move |_| Some((code, status(code, "", "etcd is away").to_string())));
    let line = [line, &["--request-timeout", "1s"]].concat();
    Kubelock::new(&line).env("KUBECONFIG", stub.kubeconfig()).run().stderr
}

#[test]
fn a_server_that_fails_is_quoted_with_its_status_however_the_last_attempt_ended() {
    let get = said_at(503, &["get", "deploy"]);
    assert!(
        get.contains("(context \"x\") fails: 503 Service Unavailable: etcd is away\n"),
        "{get}"
    );
    assert!(get.ends_with("\nhint: try again\n"), "{get}");
    let busy = said_at(429, &["get", "deploy"]);
    assert!(busy.contains("429") && busy.contains(": etcd is away\n"), "{busy}");
    assert!(busy.ends_with("\nhint: try again\n"), "{busy}");
    for line in [["acquire", "deploy"], ["release", "deploy"]] {
        let said = said_at(500, &line);
        assert!(said.contains(": 500 Internal Server Error: etcd is away\n"), "{said}");
    }
}

#[test]
fn a_version_that_the_server_does_not_have_is_called_so() {
    let lines: [&[&str]; 1] = [&["get", "deploy", "--on", "deployments.v1.apps/web"]];
    let said = said(&lines, |_, _| None);
    assert!(
        said.contains("error: the API server has no deployments.apps of version v1\n"),
        "{said}"
    );
    assert!(!said.contains("kubelock doctor"), "{said}");
}

#[test]
fn a_doctor_at_a_server_that_fails_asks_for_no_permission() {
    let away = said(&[&["doctor", "deploy"]], |_, _| Some((503, status(503, "", "etcd is away"))));
    assert!(away.contains(" fails: 503 Service Unavailable: etcd is away\n"), "{away}");
    assert!(away.contains("remedy: try again\n") && !away.contains("grant"), "{away}");
    assert!(away.contains("1 problem"), "{away}");

    let without = said(&[&["doctor", "deploy"]], |_, _| None);
    let words = "can be compared is not known: it answers 404 Not Found: the server has nothing";
    assert!(without.contains(words), "{without}");
    assert!(!without.contains("/version"), "{without}");
}

/// What a doctor says to somebody who may nothing, and is called so.
fn said_to(user: &str, line: &[&str]) -> String {
    let user = user.to_owned();
    let stub = Stub::new(move |request| {
        let (code, body) = match request.path.rsplit('/').next() {
            Some("version") => (200, json!({"major": "1", "minor": "37", "gitVersion": "v1.37.2"})),
            Some("selfsubjectreviews") => {
                (201, json!({"status": {"userInfo": {"username": user}}}))
            }
            Some("selfsubjectaccessreviews") => (201, json!({"status": {"allowed": false}})),
            _ => forbidden("do that"),
        };
        Some((code, body.to_string()))
    });
    Kubelock::new(line).env("KUBECONFIG", stub.kubeconfig()).run().stdout
}

#[test]
fn a_doctor_grants_to_the_very_user_however_long_the_name_is() {
    let account = format!("ci:{}", "nightly-".repeat(25) + "build");
    let said = said_to(&format!("system:serviceaccount:{account}"), &["doctor", "deploy"]);
    assert!(said.contains(&format!("--serviceaccount {account} | kubectl apply -f -\n")), "{said}");
    assert!(said.contains("…\n"), "on the line of the server the name is cut: {said}");

    let data = said_to(&account, &["doctor", "deploy", "-o", "json"]);
    let data: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["user"], account);

    let hostile = said_to("zoe\u{1b}[2J", &["doctor", "deploy"]);
    assert!(!hostile.contains('\u{1b}') && !hostile.contains("--user"), "{hostile}");
    assert!(hostile.contains("as zoe\\u{1b}[2J\n"), "{hostile}");
}
