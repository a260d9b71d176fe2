//! 50,000 objects with 10,000 locks: `kubelock get` beside their bare list, and its memory.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use http::{Request, header};
use http_body_util::BodyExt;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::PostParams;
use kube::client::Body;
use kube::{Api, Client};
use testkit::Cluster;
use tokio::task::JoinSet;

use crate::stats::{Sample, millis};

const OBJECTS: usize = 50_000;
/// Every so many objects carry a lock.
const LOCK_EVERY: usize = 5;
/// As much as `kubectl apply` leaves on an object of medium size.
const OTHER_ANNOTATION: usize = 2_048;
const WORKERS: usize = 32;
const ROUNDS: usize = 9;
const METADATA: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

pub async fn run(cluster: &'static Cluster) {
    let namespace = cluster.namespace("bench").await;
    let client = cluster.client().await;
    fill(&client, &namespace).await;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let bare_took = bare_list(&client, &namespace).await;
        let took = kubelock(cluster, &namespace, &[]).0;
        // The first round warms caches.
        if round > 0 {
            bare.push(bare_took);
            ours.push(took);
        }
    }
    let peaks = [&["-l", "half=0"][..], &[], &["--sort-by", "age"]]
        .map(|args| kubelock(cluster, &namespace, args).1);
    report(&Sample::new(ours), &Sample::new(bare), peaks);
}

async fn fill(client: &Client, namespace: &str) {
    let leases: Api<Lease> = Api::namespaced(client.clone(), namespace);
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let leases = leases.clone();
        workers.spawn(async move {
            for number in (worker..OBJECTS).step_by(WORKERS) {
                let lease = lease(number);
                leases.create(&PostParams::default(), &lease).await.expect("a new lease");
            }
        });
    }
    workers.join_all().await;
}

fn lease(number: usize) -> Lease {
    let mut lease = Lease::default();
    let metadata = &mut lease.metadata;
    metadata.name = Some(format!("lease-{number}"));
    metadata.labels = Some([("half".to_owned(), (number % 2).to_string())].into());
    let applied = ("example.org/applied".to_owned(), "x".repeat(OTHER_ANNOTATION));
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.extend([applied]);
    if number.is_multiple_of(LOCK_EVERY) {
        let record = format!(
            r#"{{"owner":"runner-{number}","createdAt":"2126-01-01T00:00:00Z","ttl":300000000000}}"#
        );
        annotations.insert("kubelock.giantswarm.io/deploy".to_owned(), record);
    }
    lease
}

/// One request a page, as kubectl's metadata client asks, and nothing done but to find the next.
async fn bare_list(client: &Client, namespace: &str) -> Duration {
    let path = format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases");
    let start = Instant::now();
    let mut token = String::new();
    loop {
        let uri = format!("{path}?limit=500&continue={token}");
        let request = Request::get(uri).header(header::ACCEPT, METADATA).body(Body::empty());
        let answer = client.send(request.expect("a request")).await.expect("an answer");
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        let head = String::from_utf8_lossy(&body[..body.len().min(1_000)]).into_owned();
        match head.split_once("\"continue\":\"").and_then(|(_, rest)| rest.split('"').next()) {
            Some(next) => token = next.replace('=', "%3D"),
            None => return start.elapsed(),
        }
    }
}

/// How long the program took from its start to its end, and its peak of memory in KiB.
fn kubelock(cluster: &Cluster, namespace: &str, args: &[&str]) -> (Duration, u64) {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_kubelock"))
        .args(["get", "-n", namespace])
        .args(args)
        .env("KUBECONFIG", cluster.kubeconfig())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("kubelock starts");
    let path = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        peak = peak_kib(&path).unwrap_or(peak).max(peak);
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(status.success(), "kubelock get failed");
    (start.elapsed(), peak)
}

fn peak_kib(path: &str) -> Option<u64> {
    let status = fs::read_to_string(path).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
fn report(ours: &Sample, bare: &Sample, [half, all, sorted]: [u64; 3]) {
    println!(
        "\n{OBJECTS} objects with {} locks, listed {} times in turns: p50 {}, beside {} for their bare metadata, page by page ({:.3} times)",
        OBJECTS / LOCK_EVERY,
        ours.count(),
        millis(ours.percentile(50)),
        millis(bare.percentile(50)),
        ours.ratio(bare),
    );
    println!(
        "  peak of memory: {half} KiB for half of the objects, {all} for all, {sorted} for all, sorted"
    );
}
