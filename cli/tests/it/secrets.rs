//! No secret is ever shown, wherever it is kept, whatever goes wrong, and however loudly.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::Kubelock;
use crate::stub::Stub;

/// The secret, and what it looks like on the wire where it is a password of `u`.
const SECRET: &str = "hush-hush-7f3a";
const BASIC: &str = "dTpodXNoLWh1c2gtN2YzYQ==";

/// All that talk to a server.
const COMMANDS: [&[&str]; 15] = [
    &["get", "deploy"],
    &["get"],
    &["get", "-A", "--on", "configmaps"],
    &["get", "--all-kinds"],
    &["get", "deploy", "--on", "widget/w1"],
    &["acquire", "deploy", "--owner", "alice"],
    &["renew", "deploy", "--owner", "alice"],
    &["release", "deploy", "--owner", "alice"],
    &["break", "deploy", "--live", "--force", "--yes", "--reason", "gone"],
    &["gc", "-A"],
    &["doctor", "deploy"],
    &["doctor", "deploy", "-o", "json"],
    &["version", "-o", "yaml"],
    &["rbac", "deploy", "--on", "widget/w1", "-n", "ci"],
    &["run", "deploy", "--no-wait", "--", "true"],
];

/// Where a secret may be.
struct Place {
    name: &'static str,
    user: Value,
    cluster: Value,
    variable: Option<(&'static str, String)>,
}

fn place(name: &'static str, user: Value) -> Place {
    Place { name, user, cluster: json!({}), variable: None }
}

fn script(folder: &TempDir, name: &str, body: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn exec(command: &str, more: &Value) -> Value {
    let mut exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "command": command,
        "interactiveMode": "Never",
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        exec[key] = value.clone();
    }
    json!({"exec": exec})
}

/// Credentials that are good enough to be sent.
fn sent(folder: &TempDir) -> Vec<Place> {
    let answer = json!({"kind": "ExecCredential", "status": {"token": SECRET}});
    let good = script(folder, "good", &format!("echo '{answer}'"));
    let file = folder.path().join("token");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    vec![
        place("token", json!({"token": SECRET})),
        place("password", json!({"username": "u", "password": SECRET})),
        place("tokenFile", json!({"tokenFile": file})),
        place("the plugin's token", exec(&good, &json!({}))),
    ]
}

/// What cannot be used, or is for others than the server.
fn kept(folder: &TempDir) -> Vec<Place> {
    let broken = script(folder, "broken", &format!("echo {SECRET}; exit 3"));
    let babbling = script(folder, "babbling", &format!("echo '{{{SECRET}'"));
    let odd = json!({"kind": "ExecCredential", "status": {"token": format!("{SECRET}\n{SECRET}")}});
    let odd = script(folder, "odd", &format!("cat <<'.'\n{odd}\n."));
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n");
    let key = folder.path().join("key.pem");
    fs::write(&key, &pem).unwrap();
    let arguments =
        json!({"args": ["--password", SECRET], "env": [{"name": "P", "value": SECRET}]});
    let proxy = format!("http://u:{SECRET}@127.0.0.1:1");
    vec![
        place("a plugin that fails", exec(&broken, &json!({}))),
        place("a plugin that babbles", exec(&babbling, &json!({}))),
        place("a token that no request can carry", exec(&odd, &json!({}))),
        place("what a plugin is started with", exec(&broken, &arguments)),
        place("a plugin that is not there", exec("/nonexistent/plugin", &arguments)),
        place("client-key", json!({"client-certificate": key, "client-key": key})),
        place(
            "client-key-data",
            json!({"client-certificate-data": SECRET, "client-key-data": SECRET}),
        ),
        place(
            "auth-provider",
            json!({"auth-provider": {"name": "gcp", "config": {"access-token": SECRET}}}),
        ),
        place(
            "oidc",
            json!({"auth-provider": {"name": "oidc", "config": {
                "id-token": SECRET, "refresh-token": SECRET, "client-secret": SECRET,
                "client-id": "c", "idp-issuer-url": "http://127.0.0.1:1",
            }}}),
        ),
        Place { cluster: json!({"proxy-url": &proxy}), ..place("proxy-url", json!({})) },
        Place {
            cluster: json!({"proxy-url": format!("::{SECRET}")}),
            ..place("proxy-url that is none", json!({}))
        },
        Place {
            cluster: json!({"server": "https://cluster.invalid"}),
            variable: Some(("HTTPS_PROXY", proxy)),
            ..place("HTTPS_PROXY", json!({}))
        },
        Place {
            cluster: json!({"server": format!("https://u:{SECRET}@127.0.0.1:1")}),
            ..place("the server's URL", json!({}))
        },
        Place {
            cluster: json!({"server": format!("u:{SECRET}@127.0.0.1")}),
            ..place("a server's URL that is none", json!({}))
        },
    ]
}

fn kubeconfig(folder: &Path, server: &str, place: &Place) -> String {
    let mut cluster = json!({"server": server});
    for (key, value) in place.cluster.as_object().unwrap() {
        cluster[key] = value.clone();
    }
    let config = json!({
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": place.user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    });
    let path = folder.join("config");
    fs::write(&path, config.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs each command; silent and loud, unless it is all of them.
fn check(commands: &[&[&str]], place: &Place, config: &str, what: &str) {
    for command in commands {
        // What is said loudly has all that is said silently in it.
        let voices: &[bool] =
            if commands.len() < COMMANDS.len() { &[false, true] } else { &[true] };
        for loud in voices.iter().copied() {
            let words = if loud { [&["-v"], *command].concat() } else { command.to_vec() };
            let run = Kubelock::new(&[&["--request-timeout", "300ms"], &words[..]].concat())
                .env("KUBECONFIG", config);
            let run = match &place.variable {
                Some((name, value)) => run.env(name, value),
                None => run,
            };
            let outcome = run.run();
            let said = outcome.stdout + &outcome.stderr;
            let shows = [SECRET, BASIC].iter().any(|secret| said.contains(secret));
            assert!(!shows, "{}, {what}, {words:?}: {said}", place.name);
            assert!(!said.is_empty(), "{}, {what}, {words:?}", place.name);
        }
    }
}

/// A server that repeats all that it was sent, in its refusals and its answers.
fn parrot(code: u16) -> Stub {
    Stub::new(move |request| {
        let words = format!("I heard: {} {}", request.head.replace("\r\n", " "), request.body);
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
            "reason": if code == 403 { "Forbidden" } else { &words }, "message": &words,
            "gitVersion": &words, "major": &words, "minor": 7, "platform": &words,
            "metadata": {"name": &words, "resourceVersion": &words},
            "items": [&words],
        });
        Some((code, status.to_string()))
    })
}

#[test]
fn a_server_that_repeats_what_it_was_sent_is_not_quoted_on_that() {
    let folder = tempfile::tempdir().unwrap();
    let places = sent(&folder);
    for (index, code) in [200, 400, 401, 403, 404, 422, 500].into_iter().enumerate() {
        let server = parrot(code);
        let address = format!("http://{}", server.address());
        // Every code, every place and every command, not all with all.
        for (other, place) in places.iter().enumerate() {
            if code == 403 || (index + other) % 4 == 0 {
                let config = kubeconfig(folder.path(), &address, place);
                check(&COMMANDS, place, &config, &format!("a parrot that answers {code}"));
            }
        }
    }
}

#[test]
fn a_server_that_repeats_it_over_and_over_shows_no_part_of_it_where_its_words_are_cut() {
    for lead in 0..SECRET.len() {
        let words = "x".repeat(lead) + &SECRET.repeat(400);
        let body = json!({"kind": "Status", "code": 403, "reason": "Forbidden", "message": words});
        let server = Stub::new(move |_| Some((403, body.to_string())));
        let folder = tempfile::tempdir().unwrap();
        let place = place("token", json!({"token": SECRET}));
        let config = kubeconfig(folder.path(), &format!("http://{}", server.address()), &place);
        let outcome = Kubelock::new(&["get", "deploy"]).env("KUBECONFIG", config).run();
        assert!(outcome.stderr.contains("[secret]"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains(&SECRET[..4]), "{lead}: {}", outcome.stderr);
    }
}

#[test]
fn what_cannot_be_used_is_refused_without_being_shown() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens there.
    let server = "https://127.0.0.1:1";
    for place in sent(&folder).iter().chain(&kept(&folder)) {
        let config = kubeconfig(folder.path(), server, place);
        check(&COMMANDS[..11], place, &config, "a closed port");
    }
}

#[test]
fn a_peer_that_speaks_no_tls_is_not_quoted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write;
        for connection in listener.incoming() {
            let _ = write!(connection.unwrap(), "HTTP/1.1 400 {SECRET} {BASIC}\r\n\r\n{SECRET}");
        }
    });
    let folder = tempfile::tempdir().unwrap();
    for place in sent(&folder) {
        let config = kubeconfig(folder.path(), &format!("https://{address}"), &place);
        check(&COMMANDS[..3], &place, &config, "no TLS");
    }
}

#[test]
fn a_kubeconfig_that_cannot_be_read_is_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    for text in [
        format!("users: [{{name: a, user: {{token: {SECRET}\n"),
        format!("{SECRET}\n"),
        format!("users: [{{name: a, user: {{token: [{SECRET}]}}}}]\n"),
        format!("users: [{{name: a, user: {{exec: {SECRET}}}}}]\n"),
        format!("clusters: {SECRET}\n"),
        format!("apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n  token: {SECRET}\n"),
    ] {
        fs::write(&path, &text).unwrap();
        let place = place("the kubeconfig itself", json!({}));
        check(&COMMANDS[..1], &place, path.to_str().unwrap(), &text);
    }
}
