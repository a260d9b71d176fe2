//! Other writers of the same object, who know nothing of locks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use kube::Client;
use kube::api::{Patch, PatchParams};
use tokio::time::{Instant, MissedTickBehavior};

use crate::support::{Stage, acquire};

const PAIRS: usize = 500;
const UPDATES_A_SECOND: u32 = 200;

/// Labels `app` some 200 times a second from a thread of its own.
struct Labeller {
    stop: Arc<AtomicBool>,
    writes: Arc<AtomicU64>,
    thread: std::thread::JoinHandle<f64>,
}

impl Labeller {
    fn start(namespace: String) -> Self {
        let (stop, writes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let thread = std::thread::spawn({
            let (stop, writes) = (stop.clone(), writes.clone());
            move || label(&namespace, &stop, &writes)
        });
        Self { stop, writes, thread }
    }

    /// Waits until it is at work, so that no pair goes undisturbed.
    async fn at_work(&self) {
        while self.writes.load(Ordering::Relaxed) < 20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many writes a second there were.
    fn stop(self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn label(namespace: &str, stop: &AtomicBool, writes: &Arc<AtomicU64>) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = testkit::cluster().unwrap().client().await;
        let started = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / UPDATES_A_SECOND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut in_flight = tokio::task::JoinSet::new();
        while !stop.load(Ordering::Relaxed) {
            ticks.tick().await;
            if in_flight.len() >= 4 {
                in_flight.join_next().await;
            }
            in_flight.spawn(relabel(client.clone(), namespace.to_owned(), writes.clone()));
        }
        in_flight.join_all().await;
        f64::from(u32::try_from(writes.load(Ordering::Relaxed)).unwrap())
            / started.elapsed().as_secs_f64()
    })
}

async fn relabel(client: Client, namespace: String, writes: Arc<AtomicU64>) {
    let api: kube::Api<k8s_openapi::api::core::v1::ConfigMap> =
        kube::Api::namespaced(client, &namespace);
    let patch = serde_json::json!({ "metadata": { "labels": { "tick": writes.load(Ordering::Relaxed).to_string() } } });
    if api.patch_metadata("app", &PatchParams::default(), &Patch::Merge(patch)).await.is_ok() {
        writes.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn five_hundred_pairs_beside_two_hundred_foreign_updates_a_second_meet_no_error_but_the_go_package_does()
 {
    let Some(stage) = Stage::new("writers").await else { return };
    let labeller = Labeller::start(stage.namespace.clone());
    labeller.at_work().await;
    let lock = stage.lock();
    for pair in 0..PAIRS {
        let acquired = lock
            .acquire("app", acquire("alice"))
            .await
            .unwrap_or_else(|error| panic!("pair {pair}: {error}"));
        acquired.release().await.unwrap_or_else(|error| panic!("pair {pair}: {error}"));
    }
    let conflicts = go_conflicts(stage.namespace.clone()).await;
    let rate = labeller.stop();
    assert!(rate > 100.0, "only {rate:.0} foreign updates a second: the test proves little");
    assert!(
        conflicts > 0,
        "the Go package met no conflict beside {rate:.0} updates a second: no control"
    );
    eprintln!(
        "{PAIRS} pairs without an error beside {rate:.0} foreign updates a second; the Go package met {conflicts} conflicts"
    );
}

/// The control: the same load, the Go package.
async fn go_conflicts(namespace: String) -> u64 {
    let kubeconfig = testkit::cluster().unwrap().kubeconfig().to_owned();
    let pairs = serde_json::json!({
        "op": "pairs", "group": "", "version": "v1", "resource": "configmaps", "namespace": namespace,
        "object": "app", "lock": "go", "owner": "go", "ttl_nanos": 0, "count": PAIRS,
    });
    let call = move || {
        testkit::seed::Seed::spawn(&testkit::go::seed_v0(), Some(&kubeconfig))
            .unwrap()
            .call(pairs.clone())
    };
    let answer = tokio::task::spawn_blocking(call).await.unwrap();
    answer["conflicts"].as_u64().unwrap()
}
