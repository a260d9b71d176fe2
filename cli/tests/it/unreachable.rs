//! Clusters that do not answer: every command ends in time and says where it tried.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::process::{Kubelock, Outcome};

/// A kubeconfig for a server of this machine.
fn kubeconfig(folder: &TempDir, server: &str) -> String {
    let path = folder.path().join("config");
    let text = format!(
        "{{clusters: [{{name: c, cluster: {{server: '{server}', insecure-skip-tls-verify: true}}}}], \
          contexts: [{{name: dev, context: {{cluster: c}}}}], current-context: dev}}"
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn all_commands(server: &str) -> Vec<Outcome> {
    let folder = tempfile::tempdir().unwrap();
    let path = kubeconfig(&folder, server);
    let lines: [&[&str]; 4] = [
        &["get", "deploy", "--request-timeout", "500ms"],
        &["acquire", "deploy", "--request-timeout", "500ms"],
        &["release", "deploy", "--request-timeout", "500ms"],
        &["get", "deploy", "--on", "widget/w1", "--request-timeout", "500ms"],
    ];
    lines.iter().map(|line| Kubelock::new(line).env("KUBECONFIG", &path).run()).collect()
}

fn transcripts(outcomes: &[Outcome]) -> String {
    outcomes.iter().map(Outcome::transcript).collect()
}

#[test]
fn a_closed_port_is_named_at_once() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcomes = all_commands(&format!("https://{free}"));

    assert!(outcomes.iter().all(|outcome| outcome.code == Some(1)));
    assert_snapshot!(transcripts(&outcomes));
}

#[test]
fn a_server_that_never_greets_is_given_up_within_the_request_timeout() {
    // Accepted by the kernel, answered by nobody: TLS never begins.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = Instant::now();
    let outcomes = all_commands(&format!("https://{}", silent.local_addr().unwrap()));

    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert!(outcomes.iter().all(|outcome| outcome.code == Some(1)), "{}", transcripts(&outcomes));
    assert_snapshot!(transcripts(&outcomes));
}

#[test]
fn a_write_that_nobody_answers_may_have_happened() {
    // Without TLS the request itself is on its way.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let outcomes = all_commands(&format!("http://{}", silent.local_addr().unwrap()));

    let codes: Vec<_> = outcomes.iter().map(|outcome| outcome.code).collect();
    assert_eq!(codes, [Some(1), Some(15), Some(1), Some(1)], "{}", transcripts(&outcomes));
    assert_snapshot!(transcripts(&outcomes));
}
