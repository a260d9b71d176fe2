//! Which cluster: kubeconfig files, contexts and what is wrong with them.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::process::{Kubelock, Outcome};

const GOOD: &str = "
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]
contexts:
- {name: dev, context: {cluster: c, namespace: team}}
- {name: odd, context: {cluster: missing}}
current-context: dev
";

fn write(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The transcript with the temporary folder called `DIR`.
fn transcript(folder: &TempDir, outcome: &Outcome) -> String {
    outcome.transcript().replace(folder.path().to_str().unwrap(), "DIR")
}

#[test]
fn no_kubeconfig_at_all_says_where_it_looked_and_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let home = Kubelock::new(&["get", "deploy"]).env("HOME", folder.path()).run();
    let listed =
        Kubelock::new(&["get", "deploy"]).env("KUBECONFIG", folder.path().join("gone")).run();
    let context =
        Kubelock::new(&["get", "deploy", "--context", "dev"]).env("HOME", folder.path()).run();
    let gone = folder.path().join("gone");
    let explicit = Kubelock::new(&["get", "deploy", "--kubeconfig", gone.to_str().unwrap()]).run();

    let all = [home, listed, context, explicit];
    assert!(all.iter().all(|outcome| outcome.code == Some(2)));
    assert_snapshot!(all.iter().map(|outcome| transcript(&folder, outcome)).collect::<String>());
}

#[test]
fn an_unusable_kubeconfig_is_refused_without_quoting_it() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("broken", "users: [{name: a, user: {token: hush-hush\n"),
        ("list", "- hush-hush\n"),
        ("empty-context", "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n"),
        (
            "no-server",
            "{clusters: [{name: c, cluster: {}}], contexts: [{name: x, context: {cluster: c}}], current-context: x}",
        ),
        (
            "no-url",
            "{clusters: [{name: c, cluster: {server: '127.0.0.1:6443'}}], contexts: [{name: x, context: {cluster: c}}], current-context: x}",
        ),
        (
            "no-ca",
            "{clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', certificate-authority: gone.crt}}], contexts: [{name: x, context: {cluster: c}}], current-context: x}",
        ),
        (
            "bad-ca",
            "{clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', certificate-authority-data: '%%'}}], contexts: [{name: x, context: {cluster: c}}], current-context: x}",
        ),
        (
            "bad-key",
            "{clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}], users: [{name: u, user: {client-certificate-data: aHVzaC1odXNo, client-key-data: aHVzaC1odXNo}}], contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}",
        ),
        (
            "old-provider",
            "{clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}], users: [{name: u, user: {auth-provider: {name: gcp, config: {cmd-path: 'hush-hush'}}}}], contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}",
        ),
        (
            "no-certificate",
            "{clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', certificate-authority-data: aHVzaC1odXNo}}], contexts: [{name: x, context: {cluster: c}}], current-context: x}",
        ),
        (
            "odd-proxy",
            "{clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', proxy-url: '::hush-hush'}}], contexts: [{name: x, context: {cluster: c}}], current-context: x}",
        ),
        (
            "proxy-of-another-kind",
            "{clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', insecure-skip-tls-verify: true, proxy-url: 'socks4://u:hush-hush@127.0.0.1:1'}}], contexts: [{name: x, context: {cluster: c}}], current-context: x}",
        ),
        (
            "no-token",
            "{clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}], users: [{name: u, user: {tokenFile: /dev/null}}], contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}",
        ),
    ];
    let mut all = String::new();
    for (name, text) in cases {
        let path = write(&folder, name, text);
        let outcome = Kubelock::new(&["get", "deploy", "--kubeconfig", &path]).run();
        all.push_str(&transcript(&folder, &outcome));
        assert_eq!(outcome.code, Some(2), "{all}");
    }
    let folder_itself = folder.path().to_str().unwrap();
    let unread = Kubelock::new(&["get", "deploy", "--kubeconfig", folder_itself]).run();
    assert_eq!(unread.code, Some(2), "{}", unread.stderr);
    all.push_str(&transcript(&folder, &unread));
    assert!(!all.contains("hush-hush"), "{all}");
    assert_snapshot!(all);
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(&folder, "first", GOOD);
    let second = write(&folder, "second", &GOOD.replace("kind: Config", "kind: Other"));
    let list = std::env::join_paths([Path::new(&first), Path::new(&second)]).unwrap();
    let outcome = Kubelock::new(&["get", "deploy"]).env("KUBECONFIG", list).run();
    assert_eq!(outcome.code, Some(2));
    let named =
        format!("kubeconfig {second} has another kind or apiVersion than the files before it");
    assert!(outcome.stderr.contains(&named), "{}", outcome.stderr);
}

#[test]
fn a_context_that_is_not_there_is_named_beside_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "config", GOOD);
    let unknown =
        Kubelock::new(&["get", "deploy", "--context", "prod"]).env("KUBECONFIG", &path).run();
    let odd = Kubelock::new(&["get", "deploy", "--context", "odd"]).env("KUBECONFIG", &path).run();

    let mistyped =
        Kubelock::new(&["get", "deploy", "--context", "dve"]).env("KUBECONFIG", &path).run();
    assert_snapshot!(
        [unknown, odd, mistyped]
            .iter()
            .map(|outcome| transcript(&folder, outcome))
            .collect::<String>()
    );
}

#[test]
fn a_list_of_files_is_merged_and_missing_or_empty_entries_are_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(
        &folder,
        "first",
        "{contexts: [{name: mine, context: {cluster: c, namespace: first}}], current-context: mine}",
    );
    let second = write(&folder, "second", GOOD);
    let gone = folder.path().join("gone");
    let list = std::env::join_paths([
        Path::new(""),
        &gone,
        Path::new(&first),
        Path::new(""),
        Path::new(&second),
    ])
    .unwrap();

    let outcome = Kubelock::new(&["get", "deploy", "-v"]).env("KUBECONFIG", list).run();

    // The first file's context with the second file's cluster; nobody listens there.
    assert!(!outcome.requests().is_empty(), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("/namespaces/first/leases/deploy"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("http://127.0.0.1:1 (context \"mine\")"), "{}", outcome.stderr);
}

#[test]
fn a_proxy_of_the_kubeconfig_is_asked_for_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    let cluster = format!(
        "{{server: 'https://127.0.0.1:1', insecure-skip-tls-verify: true, proxy-url: 'http://u:p%40ss@{address}'}}"
    );
    let text = format!(
        "{{clusters: [{{name: c, cluster: {cluster}}}], contexts: [{{name: x, context: {{cluster: c}}}}], current-context: x}}"
    );
    let path = write(&folder, "config", &text);
    let asked = std::thread::spawn(move || {
        let mut request = [0; 1024];
        let read = proxy.accept().unwrap().0.read(&mut request).unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });

    let outcome =
        Kubelock::new(&["get", "deploy", "--kubeconfig", &path, "--request-timeout", "2s"]).run();

    let asked = asked.join().unwrap();
    assert!(asked.starts_with("CONNECT 127.0.0.1:1 HTTP/1.1\r\n"), "{asked}");
    // `u:p@ss` in base64.
    assert!(asked.contains("Basic dTpwQHNz"), "{asked}");
    assert_eq!(outcome.code, Some(1));
    assert!(
        !outcome.stderr.contains("p@ss") && !outcome.stderr.contains("p%40ss"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn the_namespace_is_the_contexts_unless_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "config", GOOD);
    let of_context = Kubelock::new(&["get", "deploy", "-v"]).env("KUBECONFIG", &path).run();
    let named = Kubelock::new(&["-n", "ci", "get", "deploy", "-v"]).env("KUBECONFIG", &path).run();

    assert!(of_context.stderr.contains("/namespaces/team/"), "{}", of_context.stderr);
    assert!(named.stderr.contains("/namespaces/ci/"), "{}", named.stderr);
}

#[test]
fn a_pod_without_a_service_account_says_so() {
    if Path::new("/var/run/secrets/kubernetes.io/serviceaccount").exists() {
        return; // These tests run in a pod that has one.
    }
    let outcome = Kubelock::new(&["get", "deploy"])
        .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        .env("KUBERNETES_SERVICE_PORT", "1")
        .run();
    assert_eq!(outcome.code, Some(2));
    assert_snapshot!(outcome.transcript());
}
