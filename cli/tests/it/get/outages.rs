//! Servers that are busy, forget, and go away.

use std::process::Command;
use std::time::{Duration, SystemTime};

use kubelock::Timestamp;
use serde_json::{Value, json};

use super::following::Watch;
use super::scripted::{Reply, Server, lease, lease_since, page};
use crate::process::Kubelock;

fn status(code: u16, reason: &str, token: &str) -> Value {
    json!({
        "kind": "Status", "status": "Failure", "code": code, "reason": reason,
        "message": "in the server's own words", "metadata": {"continue": token},
    })
}

fn query<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let query = request.split_once('?')?.1;
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|pair| pair.0 == name)
        .map(|it| it.1)
}

#[test]
fn a_list_goes_on_where_a_busy_server_or_one_that_forgot_its_token_lets_it() {
    let server = Server::new(vec![
        Reply::busy(),
        page("10", "t1", &[lease("a", "alice", "1")]),
        Reply::json(410, &status(410, "Expired", "t2")),
        page("20", "", &[lease("b", "bob", "2")]),
    ]);

    let outcome =
        Kubelock::new(&["get", "-o", "name"]).env("KUBECONFIG", server.kubeconfig()).run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "lease/a\nlease/b\n"));
    let requests = server.requests();
    let tokens: Vec<_> = requests.iter().map(|request| query(request, "continue")).collect();
    assert_eq!(tokens, [None, None, Some("t1"), Some("t2")]);
    assert!(requests.iter().all(|request| query(request, "limit") == Some("500")));
}

#[test]
fn a_page_that_fails_is_a_failure_and_what_was_there_before_it_is_shown() {
    let server = Server::new(vec![
        page("10", "t1", &[lease("a", "alice", "1")]),
        Reply::json(500, &status(500, "InternalError", "")),
    ]);

    let outcome =
        Kubelock::new(&["get", "-o", "name"]).env("KUBECONFIG", server.kubeconfig()).run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), "lease/a\n"));
    insta::assert_snapshot!(outcome.transcript());
}

#[test]
fn an_answer_that_is_no_list_is_a_failure() {
    for reply in [Reply::json(200, &json!([])), Reply::json(200, &json!({"items": [{}]}))] {
        let server = Server::new(vec![reply]);
        let outcome = Kubelock::new(&["get"]).env("KUBECONFIG", server.kubeconfig()).run();
        assert_eq!(outcome.code, Some(1));
        assert!(outcome.stderr.starts_with("error: cannot read the list of"), "{}", outcome.stderr);
    }
}

#[test]
fn a_watch_that_missed_something_shows_what_has_changed_meanwhile() {
    let server = Server::new(vec![
        page("10", "", &[lease("a", "alice", "1"), lease("b", "bob", "2"), lease("c", "zoe", "3")]),
        Reply::watch(&[json!({"type": "ERROR", "object": status(410, "Expired", "")})]),
        page(
            "30",
            "",
            &[lease("a", "alice", "1"), lease("c", "bob", "21"), lease("d", "zoe", "22")],
        ),
        Reply::watch(&[
            json!({"type": "BOOKMARK", "object": {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": {"resourceVersion": "35"}}}),
            json!({"type": "DELETED", "object": lease("d", "zoe", "36")}),
        ]),
        Reply::watch(&[json!({"type": "ADDED", "object": lease("e", "alice", "40")})]),
    ]);
    let watch = Watch::of(
        Command::new(env!("CARGO_BIN_EXE_kubelock"))
            .args(["get", "-w", "-o", "json"])
            .env("KUBECONFIG", server.kubeconfig()),
    );
    let change = || {
        let lock = watch.json();
        let field = |name: &str| lock[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", field("on"), field("owner"), field("state"))
    };

    for expected in [
        "lease/a alice held",
        "lease/b bob held",
        "lease/c zoe held",
        "lease/b - deleted",
        "lease/c bob held",
        "lease/d zoe held",
        "lease/d - deleted",
        "lease/e alice held",
    ] {
        assert_eq!(change(), expected);
    }
    // Nobody answers any more.
    let line = watch.line();
    assert!(line.starts_with("waiting for the API server: cannot reach"), "{line}");
    let requests = server.requests();
    let versions: Vec<_> = requests.iter().map(|it| query(it, "resourceVersion")).collect();
    assert_eq!(versions, [None, Some("10"), None, Some("30"), Some("36")]);
}

#[test]
fn a_list_that_breaks_off_while_a_watch_starts_anew_loses_nothing() {
    let expired =
        || Reply::watch(&[json!({"type": "ERROR", "object": status(410, "Expired", "")})]);
    let server = Server::new(vec![
        page("10", "", &[lease("a", "alice", "1")]),
        expired(),
        page("30", "t1", &[lease("b", "bob", "21")]),
        Reply::json(500, &status(500, "InternalError", "")),
        // Here it must not go on at 30, of which nothing was shown.
        expired(),
        page("40", "", &[lease("b", "bob", "21")]),
        Reply::watch(&[]),
    ]);
    let watch = Watch::of(
        Command::new(env!("CARGO_BIN_EXE_kubelock"))
            .args(["get", "-w", "-q"])
            .env("KUBECONFIG", server.kubeconfig()),
    );

    let mut rows = Vec::new();
    while rows.len() < 4 {
        let line = watch.line();
        rows.push(line.split_whitespace().take(4).collect::<Vec<_>>().join(" "));
    }

    assert_eq!(rows[1..], ["l lease/a alice held", "l lease/a - deleted", "l lease/b bob held"]);
    let requests = server.requests();
    let versions: Vec<_> = requests.iter().map(|it| query(it, "resourceVersion")).collect();
    assert_eq!(versions, [None, Some("10"), None, None, Some("10"), None, Some("40")]);
}

/// A watch of this server's leases.
fn watch(server: &Server, args: &[&str]) -> Watch {
    Watch::of(
        Command::new(env!("CARGO_BIN_EXE_kubelock"))
            .args(["get", "-w"])
            .args(args)
            .env("KUBECONFIG", server.kubeconfig()),
    )
}

/// The first four columns.
fn row(watch: &Watch) -> String {
    watch.line().split_whitespace().take(4).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_list_that_breaks_off_before_it_is_followed_is_read_again() {
    let server = Server::new(vec![
        page("10", "t1", &[lease("a", "alice", "1")]),
        Reply::json(500, &status(500, "InternalError", "")),
        page("20", "t2", &[lease("a", "alice", "1")]),
        page("20", "", &[lease("b", "bob", "2")]),
        Reply::watch(&[json!({"type": "ADDED", "object": lease("c", "zoe", "21")})]),
    ]);
    let watch = watch(&server, &[]);

    // Rows and talk come by ways of their own.
    let mut first = [watch.line(), row(&watch), row(&watch)];
    first.sort_unstable_by_key(|line| line.starts_with("waiting"));
    assert!(first[2].starts_with("waiting for the API"), "{first:?}");
    assert_eq!(row(&watch), "l lease/b bob held");
    assert_eq!(row(&watch), "l lease/c zoe held");
    let requests = server.requests();
    let asked: Vec<_> =
        requests.iter().map(|it| (query(it, "continue"), query(it, "resourceVersion"))).collect();
    let list = |token| (token, None);
    assert_eq!(
        asked,
        [list(None), list(Some("t1")), list(None), list(Some("t2")), (None, Some("20"))]
    );
}

#[test]
fn a_server_that_opens_watches_and_fails_at_lists_is_told_of_once() {
    let expired =
        || Reply::watch(&[json!({"type": "ERROR", "object": status(410, "Expired", "")})]);
    let failing = || Reply::json(500, &status(500, "InternalError", ""));
    let server = Server::new(vec![
        page("10", "", &[lease("a", "alice", "1")]),
        expired(),
        failing(),
        expired(),
        failing(),
        expired(),
        page("30", "", &[lease("b", "bob", "21")]),
        // It was back: this is told anew.
        Reply::json(500, &status(500, "InternalError", "")),
        Reply::watch(&[json!({"type": "ADDED", "object": lease("c", "zoe", "31")})]),
    ]);
    let watch = watch(&server, &["-o", "name"]);

    let mut lines = Vec::new();
    while lines.last().is_none_or(|line| line != "lease/c") {
        lines.push(watch.line());
    }

    let told = lines.iter().filter(|line| line.starts_with("waiting for the API server"));
    assert_eq!(told.count(), 2, "{lines:?}");
}

#[test]
fn the_servers_clock_is_looked_at_again_with_each_watch() {
    let now = SystemTime::now();
    let ago = |minutes| now - Duration::from_mins(minutes);
    let since = Timestamp::from(ago(10)).to_string();
    let server = Server::new(vec![
        // By this clock it is held for long yet.
        page("10", "", &[lease_since(&since, "a", "alice", "1")]).dated(ago(60)),
        Reply::watch(&[]).dated(ago(60)),
        Reply::watch(&[]).dated(now),
        Reply::watch(&[]).dated(now),
    ]);
    let watch = watch(&server, &["-q"]);

    assert_eq!(row(&watch), "LOCK ON OWNER STATE");
    assert_eq!(row(&watch), "l lease/a alice held");
    assert_eq!(row(&watch), "l lease/a alice expired");
}
