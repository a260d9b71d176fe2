//! As whom: credential plugins, impersonation, permissions.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Kubelock, Outcome};
use crate::space::Space;
use crate::stub::Stub;

/// The cluster's kubeconfig, as a document that can be changed.
fn kubeconfig(space: &Space) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(space.cluster.kubeconfig()).unwrap()).unwrap()
}

fn script(folder: &TempDir, name: &str, body: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// A kubeconfig that asks a plugin instead of carrying its token; `None` where it carries none.
fn with_plugin(
    space: &Space,
    folder: &TempDir,
    plugin: &Path,
    extra: &Value,
) -> Option<(PathBuf, String)> {
    let mut config = kubeconfig(space);
    let user = config["users"][0]["user"].take();
    let token = user["token"].as_str()?.to_owned();
    let mut exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": plugin, "interactiveMode": "IfAvailable"});
    for (key, value) in extra.as_object().into_iter().flatten() {
        exec[key] = value.clone();
    }
    config["users"][0]["user"] = json!({"exec": exec});
    let path = folder.path().join("config");
    fs::write(&path, config.to_string()).unwrap();
    Some((path, token))
}

#[test]
fn a_credential_plugin_runs_once_and_never_reads_stdin() {
    let Some(space) = Space::new("plugin") else { return };
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    let body = r#"cat >"$SEEN.stdin"; printf '%s\n' "$KUBERNETES_EXEC_INFO" >>"$SEEN"
        printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$TOKEN""#;
    let plugin = script(&folder, "plugin", body);
    let Some((config, token)) =
        with_plugin(&space, &folder, &plugin, &json!({"provideClusterInfo": true}))
    else {
        return;
    };

    let outcome = Kubelock::new(&["acquire", "deploy", "--owner", "alice", "-n", &space.namespace])
        .env("KUBECONFIG", &config)
        .env("SEEN", &seen)
        .env("TOKEN", &token)
        .stdin("not for the plugin")
        .run();

    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let asked = fs::read_to_string(&seen).unwrap();
    assert_eq!(asked.lines().count(), 1, "{asked}");
    let asked: Value = serde_json::from_str(&asked).unwrap();
    assert_eq!(asked["spec"]["interactive"], false);
    assert!(asked["spec"]["cluster"]["server"].is_string());
    assert_eq!(fs::read_to_string(folder.path().join("seen.stdin")).unwrap(), "");
}

#[test]
fn what_a_broken_plugin_prints_is_not_repeated() {
    let Some(space) = Space::new("broken-plugin") else { return };
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        script(&folder, "fails", "echo hush-hush; exit 3"),
        script(&folder, "babbles", "echo hush-hush"),
        script(&folder, "empty-handed", r#"echo '{"status":{"other":"hush-hush"}}'"#),
        folder.path().join("absent"),
    ];
    let mut all = String::new();
    for plugin in cases {
        let hint = json!({"installHint": "install it with: package-manager install absent"});
        let Some((config, _)) = with_plugin(&space, &folder, &plugin, &hint) else { return };
        let outcome = Kubelock::new(&["get", "deploy"]).env("KUBECONFIG", &config).run();
        assert_ne!(outcome.code, Some(0));
        all.push_str(&outcome.transcript().replace(folder.path().to_str().unwrap(), "DIR"));
    }
    assert!(!all.contains("hush-hush"), "{all}");
    assert_snapshot!(all);
}

#[test]
fn a_token_file_may_end_with_a_newline() {
    let Some(space) = Space::new("token-file") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut config = kubeconfig(&space);
    let Some(token) = config["users"][0]["user"]["token"].as_str().map(ToOwned::to_owned) else {
        return;
    };
    fs::write(folder.path().join("token"), format!("{token}\n")).unwrap();
    config["users"][0]["user"] = json!({"tokenFile": "token"});
    let path = folder.path().join("config");
    fs::write(&path, config.to_string()).unwrap();

    let outcome = Kubelock::new(&["acquire", "deploy", "-n", &space.namespace])
        .env("KUBECONFIG", &path)
        .run();

    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

#[test]
fn who_may_not_is_told_which_verb_on_what_is_missing() {
    let Some(space) = Space::new("forbidden") else { return };
    space.configmap("app", &[]);
    let user = ["--as", "zoe", "--as-group", "readers"];
    assert_snapshot!(space.play(&[
        (1, &["get", "deploy", user[0], user[1]]),
        (1, &["acquire", "deploy", "--owner", "zoe", user[0], user[1], user[2], user[3]]),
        (1, &["release", "deploy", "--on", "cm/app", "--owner", "zoe", user[0], user[1]]),
        (
            0,
            &[
                "acquire",
                "deploy",
                "--owner",
                "zoe",
                "--ttl",
                "90m",
                "--as",
                "zoe",
                "--as-group",
                "system:masters"
            ]
        ),
        (2, &["get", "deploy", "--as-group", "readers"]),
    ]));
}

#[test]
fn credentials_that_are_refused_are_called_so() {
    let Some(space) = Space::new("refused") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut config = kubeconfig(&space);
    config["users"][0]["user"] = json!({"token": "hush-hush"});
    let context = config["current-context"].as_str().unwrap().to_owned();
    let path = folder.path().join("config");
    fs::write(&path, config.to_string()).unwrap();

    let outcome = Kubelock::new(&["get", "deploy"]).env("KUBECONFIG", &path).run();

    assert_eq!(outcome.code, Some(1));
    assert!(!outcome.stderr.contains("hush-hush"));
    let named = format!("context \"{context}\"");
    assert!(
        outcome.stderr.contains("does not accept the credentials of")
            && outcome.stderr.contains(&named)
    );
}

#[test]
fn a_certificate_that_the_kubeconfigs_ca_did_not_sign_is_refused() {
    let Some(space) = Space::new("wrong-name") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut config = kubeconfig(&space);
    config["clusters"][0]["cluster"]["tls-server-name"] = json!("elsewhere.example.org");
    let path = folder.path().join("config");
    fs::write(&path, config.to_string()).unwrap();

    let outcome = Kubelock::new(&["acquire", "deploy"]).env("KUBECONFIG", &path).run();

    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("certificate"), "{}", outcome.stderr);
}

/// What a server heard that asks everybody who they are, and how the command ended. The server is
/// reached by a proxy, or is this machine itself.
fn heard(server: Option<&str>, user: &Value) -> (String, Outcome) {
    let heads = Arc::new(Mutex::new(String::new()));
    let log = Arc::clone(&heads);
    let stub = Stub::new(move |request| {
        if request.method == "CONNECT" {
            return Some((200, String::new()));
        }
        log.lock().unwrap().push_str(&request.head.to_ascii_lowercase());
        Some((401, json!({"kind": "Status", "code": 401}).to_string()))
    });
    let address = format!("http://{}", stub.address());
    let cluster = match server {
        Some(server) => json!({"server": server, "proxy-url": address}),
        None => json!({"server": address}),
    };
    let folder = tempfile::tempdir().unwrap();
    let config = json!({
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "dev", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "dev",
    });
    let path = folder.path().join("config");
    fs::write(&path, config.to_string()).unwrap();
    let outcome = Kubelock::new(&["get", "deploy", "--as", "zoe"]).env("KUBECONFIG", &path).run();
    let heads = heads.lock().unwrap().clone();
    assert!(heads.contains("impersonate-user: zoe"), "{heads}{}", outcome.stderr);
    (heads, outcome)
}

#[test]
fn credentials_go_over_http_to_this_machine_alone() {
    let folder = tempfile::tempdir().unwrap();
    let answer = r#"echo '{"kind":"ExecCredential","status":{"token":"hush-hush"}}'"#;
    let plugin = script(&folder, "plugin", &format!("echo >>\"$(dirname \"$0\")/runs\"; {answer}"));
    let (file, runs) = (folder.path().join("token"), folder.path().join("runs"));
    fs::write(&file, "hush-hush").unwrap();
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": plugin, "interactiveMode": "Never"});
    let users = [
        json!({"token": "hush-hush"}),
        json!({"username": "u", "password": "hush-hush"}),
        json!({"tokenFile": file}),
        json!({"exec": exec}),
        json!({"auth-provider": {"name": "oidc", "config": {"id-token": "hush-hush"}}}),
        json!({"client-certificate": "gone.crt", "client-key": "gone.key"}),
    ];
    let mut said = Vec::new();
    for user in &users {
        // The proxy makes of this machine's address another's.
        for server in ["http://cluster.example.org", "http://127.0.0.1:8001"] {
            let (heard, outcome) = heard(Some(server), user);
            assert!(!heard.contains("authorization:"), "{user} {server}: {heard}");
            said.push(outcome.transcript());
        }
    }
    assert!(!runs.exists());
    said.sort();
    said.dedup();
    assert_snapshot!(said.concat());

    for user in &users[..4] {
        let (heard, outcome) = heard(None, user);
        assert!(heard.contains("authorization: b"), "{user}: {heard}");
        assert!(!outcome.stderr.contains("https alone"), "{}", outcome.stderr);
    }
    assert!(runs.exists());
}

#[test]
fn who_has_no_credentials_is_not_told_that_they_are_kept_back() {
    let (_, outcome) = heard(Some("http://cluster.example.org"), &json!({}));
    assert!(outcome.stderr.contains("does not accept"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("https alone"), "{}", outcome.stderr);
}
