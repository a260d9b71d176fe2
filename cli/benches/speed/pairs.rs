//! Acquire and release: ours, two bare patches, the Go package.

use std::time::Duration;

use kubelock::{AcquireOptions, Lock};
use serde_json::json;
use testkit::Cluster;
use testkit::seed::Seed;

use crate::bare::Bare;
use crate::stage::{create, lock, timed};
use crate::stats::{Sample, millis};

const ROUNDS: usize = 20;
const PAIRS_A_ROUND: usize = 100;

pub async fn run(cluster: &'static Cluster) {
    let namespace = cluster.namespace("bench").await;
    let client = cluster.client().await;
    for object in ["ours", "bare", "go"] {
        create(&client, &namespace, object).await;
    }
    let lock = lock(&client, &namespace);
    let bare = Bare { client, namespace: namespace.clone(), object: "bare" };
    let mut go =
        Seed::spawn(&testkit::go::seed_v0(), Some(cluster.kubeconfig())).expect("the Go program");
    let (mut ours, mut bares, mut gos) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let mut round_ours = Vec::new();
        let mut round_bare = Vec::new();
        for pair in 0..PAIRS_A_ROUND {
            // In turns, and in turns first, so that no drift of the machine favours either.
            if pair % 2 == 0 {
                round_ours.push(timed(our_pair(&lock)).await);
                round_bare.push(timed(bare.pair()).await);
            } else {
                round_bare.push(timed(bare.pair()).await);
                round_ours.push(timed(our_pair(&lock)).await);
            }
        }
        let round_go = go_pairs(&mut go, &namespace);
        // The first round warms connections and caches.
        if round > 0 {
            ours.extend(round_ours);
            bares.extend(round_bare);
            gos.extend(round_go);
        }
    }
    report(&Sample::new(ours), &Sample::new(bares), &Sample::new(gos));
}

async fn our_pair(lock: &Lock) {
    let options = AcquireOptions { owner: "bench".into(), ..Default::default() };
    let acquired = lock.acquire("ours", options).await.expect("the lock is free");
    acquired.release().await.expect("it is ours");
}

fn go_pairs(go: &mut Seed, namespace: &str) -> Vec<Duration> {
    let answer = go.call(json!({
        "op": "pairs", "group": "", "version": "v1", "resource": "configmaps", "namespace": namespace,
        "object": "go", "lock": "bench", "owner": "bench", "ttl_nanos": 0, "count": PAIRS_A_ROUND,
    }));
    let nanos = |field: &str| -> Vec<u64> {
        serde_json::from_value(answer[field].clone()).expect("a list of nanoseconds")
    };
    nanos("acquire_nanos")
        .into_iter()
        .zip(nanos("release_nanos"))
        .map(|(acquire, release)| Duration::from_nanos(acquire + release))
        .collect()
}

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
fn report(ours: &Sample, bare: &Sample, go: &Sample) {
    println!("acquire + release, {} pairs each, in turns:", ours.count());
    println!("{:<28}{:>12}{:>12}{:>22}", "", "p50", "p90", "p50 ÷ bare pair's");
    for (name, sample) in
        [("two bare JSON Patches", bare), ("kubelock", ours), ("Go package v0.2.0", go)]
    {
        println!(
            "{name:<28}{:>12}{:>12}{:>22.3}",
            millis(sample.percentile(50)),
            millis(sample.percentile(90)),
            sample.ratio(bare)
        );
    }
}
