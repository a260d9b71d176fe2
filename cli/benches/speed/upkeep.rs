//! A hold's own writes beside bare patches: taken and given back, and renewed.

use kubelock::{Guard, Lock};
use testkit::Cluster;

use crate::bare::Bare;
use crate::stage::{create, hold, lock, timed};
use crate::stats::{Sample, millis};

const ROUNDS: u32 = 800;

pub async fn run(cluster: &'static Cluster) {
    let namespace = cluster.namespace("bench").await;
    let client = cluster.client().await;
    for object in ["held", "kept", "pair", "bare"] {
        create(&client, &namespace, object).await;
    }
    let lock = lock(&client, &namespace);
    let bare = |object| Bare { client: client.clone(), namespace: namespace.clone(), object };
    let (pair, bare) = (bare("pair"), bare("bare"));
    let guard = lock.hold("kept", hold()).await.expect("the lock is free");
    bare.add().await;
    let [mut pairs, mut bare_pairs, mut renewals, mut bare_renewals] = [const { Vec::new() }; 4];
    for turn in 1..=ROUNDS {
        if turn % 2 == 0 {
            pairs.push(timed(hold_and_release(&lock)).await);
            bare_pairs.push(timed(pair.pair()).await);
            renewals.push(timed(renew(&guard)).await);
            bare_renewals.push(timed(bare.replace(turn)).await);
        } else {
            bare_pairs.push(timed(pair.pair()).await);
            pairs.push(timed(hold_and_release(&lock)).await);
            bare_renewals.push(timed(bare.replace(turn)).await);
            renewals.push(timed(renew(&guard)).await);
        }
    }
    guard.release().await.expect("it is ours");
    report("hold + release", &Sample::new(pairs), &Sample::new(bare_pairs));
    report("renewal", &Sample::new(renewals), &Sample::new(bare_renewals));
}

async fn hold_and_release(lock: &Lock) {
    let guard = lock.hold("held", hold()).await.expect("the lock is free");
    guard.release().await.expect("it is ours");
}

/// A guarded write without operations is a renewal, by the same code and with the same bytes.
async fn renew(guard: &Guard) {
    guard.patch(json_patch::Patch(Vec::new()), None).await.expect("it is held");
}

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
fn report(name: &str, ours: &Sample, bare: &Sample) {
    println!(
        "\n{name}, {} times in turns with the bare patches: p50 {} beside {} ({:.3} times), p90 {} beside {}",
        ours.count(),
        millis(ours.percentile(50)),
        millis(bare.percentile(50)),
        ours.ratio(bare),
        millis(ours.percentile(90)),
        millis(bare.percentile(90)),
    );
}
