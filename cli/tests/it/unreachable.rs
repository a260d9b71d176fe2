//! Clusters that do not answer: every command ends in time and says where it tried.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
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

/// A peer that answers whatever it is sent with this.
fn peer_that_says(words: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection.write_all(words.as_bytes());
        }
    });
    address
}

/// What is said of a cluster whose entry in the kubeconfig is this.
fn said_of(cluster: &str, variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let text = format!(
        "{{clusters: [{{name: c, cluster: {{{cluster}}}}}], \
          contexts: [{{name: dev, context: {{cluster: c}}}}], current-context: dev}}"
    );
    fs::write(&path, text).unwrap();
    let run =
        Kubelock::new(&["acquire", "deploy", "--request-timeout", "10s"]).env("KUBECONFIG", path);
    let outcome = variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    outcome.transcript()
}

#[test]
fn a_name_that_nobody_knows_is_told_from_an_address_where_nobody_listens() {
    // No label is that long: it is refused without asking anybody.
    let name = "a".repeat(64);
    let said = said_of(&format!("server: 'http://{name}.example.org:6443'"), &[]);
    let place = format!("http://{name}.example.org:6443 (context \"dev\"): ");
    assert!(said.contains(&(place + "the name of the server has no address: ")), "{said}");
    assert!(said.contains("hint: is it spelt right in the kubeconfig, and are DNS and VPN up?"));
}

#[test]
fn a_peer_that_does_not_speak_tls_is_called_so() {
    let address = peer_that_says("HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_snapshot!(said_of(&format!("server: 'https://{address}'"), &[]));
}

#[test]
fn a_server_whose_certificate_nobody_here_trusts_is_called_so() {
    let Some(cluster) = testkit::cluster() else { return };
    let config = fs::read_to_string(cluster.kubeconfig()).unwrap();
    let config: serde_json::Value = serde_saphyr::from_str(&config).unwrap();
    let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap();
    if !server.starts_with("https://127.0.0.1:") {
        return; // A name in the snapshots would be that of somebody's cluster.
    }
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.crt");
    fs::write(&ca, other.cert.pem()).unwrap();
    let untrusted =
        said_of(&format!("server: '{server}', certificate-authority: '{}'", ca.display()), &[]);
    assert_snapshot!(untrusted);

    let ours = config["clusters"][0]["cluster"]["certificate-authority-data"].as_str();
    let ours = ours.map(|data| format!("certificate-authority-data: {data}"));
    if let Some(ours) = ours {
        let named = said_of(
            &format!("server: '{server}', tls-server-name: elsewhere.example.org, {ours}"),
            &[],
        );
        assert!(named.contains("its certificate is for other names: "), "{named}");
        assert!(named.contains("or into tls-server-name, of the kubeconfig"), "{named}");
    }
}

#[test]
fn a_proxy_that_is_away_or_refuses_is_named_and_who_named_it() {
    let server = "server: 'https://10.255.255.1:6443', insecure-skip-tls-verify: true";
    let login = peer_that_says("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    let refusal = peer_that_says("HTTP/1.1 503 Service Unavailable\r\n\r\n");
    let proxy = |at: SocketAddr| format!("{server}, proxy-url: 'http://u:hush-hush@{at}'");
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let variable = format!("http://u:hush-hush@{refusal}");
    let said = [
        said_of(&proxy(away), &[]),
        said_of(&proxy(login), &[]),
        said_of(&proxy(refusal), &[]),
        said_of(server, &[("HTTPS_PROXY", &variable)]),
        said_of(&format!("{server}, proxy-url: 'socks5://u:hush-hush@{away}'"), &[]),
    ];
    let all = said.concat();
    assert!(!all.contains("hush-hush"), "{all}");
    assert_snapshot!(all);
}

#[test]
fn a_password_in_the_servers_address_is_cut_out_of_it() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = said_of(&format!("server: 'https://user:hush-hush@{free}/path?q#f'"), &[]);
    assert!(said.contains("at https://127.0.0.1:PORT (context \"dev\"): "), "{said}");
    assert!(!said.contains("hush-hush") && !said.contains("path"), "{said}");
}
