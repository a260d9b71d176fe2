//! Many holds in one process: memory and CPU time of each.
//!
//! Each measurement is a process of its own, with a single thread, on the same API server.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::Client;
use kubelock::{Guard, HoldOptions, KubeLock};
use testkit::Cluster;

use crate::stage::{create, hold, kube_lock, named_lock};

const ARGUMENTS: &str = "KUBELOCK_BENCH_HOLDS";
/// All annotations of an object together are limited to 256 KiB.
const LOCKS_AN_OBJECT: usize = 20;
/// So many requests are on their way at once.
const WORKERS: usize = 32;
/// For so long after they were due are renewals waited for.
const PATIENCE: Duration = Duration::from_secs(8);
/// How many, and their ttl in seconds: they are renewed with no more haste than they were taken.
const CASES: [(usize, u64); 2] = [(1_000, 30), (10_000, 150)];

/// Whether this process is one of the measured ones.
pub fn is_child() -> bool {
    std::env::var_os(ARGUMENTS).is_some()
}

pub async fn run(cluster: &'static Cluster) {
    let program = std::env::current_exe().expect("the path of this program");
    for (holds, ttl_seconds) in CASES {
        let namespace = cluster.namespace("bench").await;
        let status = Command::new(&program)
            .env(ARGUMENTS, format!("{holds} {ttl_seconds} {namespace}"))
            .env("E2E_KUBECONFIG", cluster.kubeconfig())
            .stdin(Stdio::null())
            .status();
        assert!(status.expect("it starts").success(), "the measurement of {holds} holds failed");
    }
}

/// The measured process.
pub async fn child(cluster: &'static Cluster) {
    let arguments = std::env::var(ARGUMENTS).expect("arguments");
    let mut arguments = arguments.split(' ');
    let mut next = || arguments.next().expect("three arguments");
    let holds: usize = next().parse().expect("a number of holds");
    let ttl = Duration::from_secs(next().parse().expect("a ttl in seconds"));
    measure(&cluster.client().await, next(), holds, ttl).await;
}

async fn measure(client: &Client, namespace: &str, holds: usize, ttl: Duration) {
    let many = Arc::new(Many {
        client: client.clone(),
        locks: kube_lock(client),
        namespace: namespace.to_owned(),
        options: HoldOptions { ttl, ..hold() },
    });
    create_objects(&many, holds / LOCKS_AN_OBJECT).await;
    // Connections and their buffers are there before the counting begins.
    drop_all(take(&many, "warm", 10 * WORKERS).await).await;

    let before = Usage::now();
    let started = Instant::now();
    let guards = take(&many, "many", holds).await;
    let (taken, took) = (Usage::now(), started.elapsed());
    // Each is renewed once within a third of its ttl, and the calls take their time; the second
    // renewal is not due for as long again.
    tokio::time::sleep_until((started + took + ttl / 3 + PATIENCE.min(ttl / 6)).into()).await;
    let renewed = Usage::now();
    let valid = guards.iter().filter(|guard| guard.is_valid()).count();
    let is_renewed = |guard: &&Guard| {
        let record = guard.record();
        record.acquired_at.is_some_and(|at| at != record.created_at)
    };
    let count = guards.iter().filter(is_renewed).count();
    report(holds, (ttl, took), (valid, count), [before, taken, renewed]);
    drop_all(guards).await;
}

struct Many {
    client: Client,
    locks: KubeLock,
    namespace: String,
    options: HoldOptions,
}

async fn create_objects(many: &Arc<Many>, objects: usize) {
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let many = many.clone();
        workers.spawn(async move {
            for number in (worker..objects).step_by(WORKERS) {
                create(&many.client, &many.namespace, &format!("many-{number}")).await;
            }
        });
    }
    workers.join_all().await;
}

async fn take(many: &Arc<Many>, prefix: &'static str, holds: usize) -> Vec<Guard> {
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let many = many.clone();
        workers.spawn(async move {
            let mut guards = Vec::new();
            for number in (worker..holds).step_by(WORKERS) {
                let name = format!("{prefix}-{}", number % LOCKS_AN_OBJECT);
                let object = format!("many-{}", number / LOCKS_AN_OBJECT);
                let lock = named_lock(&many.locks, &many.namespace, &name);
                guards.push(lock.hold(&object, many.options.clone()).await.expect("it is free"));
            }
            guards
        });
    }
    workers.join_all().await.into_iter().flatten().collect()
}

async fn drop_all(guards: Vec<Guard>) {
    let mut releases = tokio::task::JoinSet::new();
    for guard in guards {
        if releases.len() >= WORKERS {
            releases.join_next().await;
        }
        releases.spawn(async move { drop(guard.release().await) });
    }
    releases.join_all().await;
}

/// What this process has used so far.
#[derive(Clone, Copy)]
struct Usage {
    resident_kib: u64,
    /// Of the only thread there is.
    cpu: Duration,
}

impl Usage {
    fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("proc");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        let schedule = fs::read_to_string("/proc/self/schedstat").expect("proc");
        let nanos = schedule.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
        Self {
            resident_kib: kib.expect("VmRSS"),
            cpu: Duration::from_nanos(nanos.expect("a time on the CPU")),
        }
    }
}

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
fn report(
    holds: usize,
    (ttl, took): (Duration, Duration),
    (valid, renewed): (usize, usize),
    [before, taken, after]: [Usage; 3],
) {
    let count = u32::try_from(holds).expect("not so many");
    let bytes = |usage: Usage| {
        usage.resident_kib.saturating_sub(before.resident_kib) * 1024 / u64::from(count)
    };
    let micros = |from: Usage, to: Usage| (to.cpu.saturating_sub(from.cpu) / count).as_micros();
    println!("\n{holds} holds in one process, ttl {ttl:?}, taken in {took:.1?}");
    println!("  a third of the ttl later, {valid} are valid, and {renewed} were renewed");
    println!(
        "  memory: {} bytes a hold when taken, {} after the renewals; resident: {} MiB before, {} MiB after",
        bytes(taken),
        bytes(after),
        before.resident_kib / 1024,
        after.resident_kib / 1024,
    );
    println!(
        "  CPU time: {} µs to take one, {} µs per ttl to keep it",
        micros(before, taken),
        micros(taken, after) * 3,
    );
}
