//! From the start of the binary until it connects.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::stats::{Sample, millis};

const STARTS: usize = 200;

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
pub fn run() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let kubeconfig = kubeconfig(listener.local_addr().expect("an address").port());
    let kubelock = || {
        connect(
            &listener,
            Command::new(env!("CARGO_BIN_EXE_kubelock"))
                .args(["get", "l"])
                .env("KUBECONFIG", kubeconfig.path()),
        )
    };
    kubelock();
    let started = Sample::new((0..STARTS).map(|_| kubelock()).collect());
    let spawned = Sample::new((0..STARTS).map(|_| spawn_true()).collect());
    println!(
        "\nstart of the binary until it connects, {STARTS} times: p50 {}, p90 {}",
        millis(started.percentile(50)),
        millis(started.percentile(90))
    );
    println!("(starting and ending `true`: p50 {})", millis(spawned.percentile(50)));
    let sandboxed = Sample::new((0..STARTS).map(|_| sandboxed_true()).collect());
    println!(
        "`true` in a sandbox, from the start of both to the end of both, {STARTS} times: p50 {}, p90 {}",
        millis(sandboxed.percentile(50)),
        millis(sandboxed.percentile(90))
    );
}

/// Runs until the listener has been connected to, then ends it.
fn connect(listener: &TcpListener, command: &mut Command) -> Duration {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("kubelock starts");
    let (stream, _) = listener.accept().expect("kubelock connects");
    let elapsed = start.elapsed();
    drop(stream);
    child.kill().ok();
    child.wait().ok();
    drain(listener);
    elapsed
}

/// Forgets connections that it may have tried again meanwhile.
fn drain(listener: &TcpListener) {
    listener.set_nonblocking(true).expect("a socket");
    while listener.accept().is_ok() {}
    listener.set_nonblocking(false).expect("a socket");
}

fn spawn_true() -> Duration {
    let start = Instant::now();
    Command::new("true").status().ok();
    start.elapsed()
}

fn sandboxed_true() -> Duration {
    let start = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_kubelock"))
        .args(["sandbox", "--", "true"])
        .stdin(Stdio::null())
        .status()
        .expect("kubelock starts");
    assert!(status.success(), "{status}");
    start.elapsed()
}

/// Static credentials and a CA, as most kubeconfigs have them.
fn kubeconfig(port: u16) -> tempfile::NamedTempFile {
    let ca = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])
        .expect("a certificate")
        .cert
        .pem();
    let path = tempfile::NamedTempFile::new().expect("a temporary file");
    let ca = serde_json::to_value(k8s_openapi::ByteString(ca.into_bytes())).expect("base64");
    let text = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "bench",
        "clusters": [{ "name": "bench", "cluster": { "server": format!("https://127.0.0.1:{port}"), "certificate-authority-data": ca } }],
        "users": [{ "name": "bench", "user": { "token": "secret" } }],
        "contexts": [{ "name": "bench", "context": { "cluster": "bench", "user": "bench" } }],
    });
    path.as_file().write_all(text.to_string().as_bytes()).expect("a written kubeconfig");
    path
}
