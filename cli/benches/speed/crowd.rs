//! Twenty who wait for one lock: what handing it over takes.

use std::time::{Duration, Instant};

use testkit::Cluster;
use testkit::wire::Wire;

use crate::stage::{create, hold, lock, waiting};
use crate::stats::{Sample, millis};

const WAITERS: usize = 20;
const ROUNDS: usize = 5;
/// Until all of them have opened their watches.
const CALM: Duration = Duration::from_millis(500);

pub async fn run(cluster: &'static Cluster) {
    let namespace = cluster.namespace("bench").await;
    let client = cluster.client().await;
    create(&client, &namespace, "crowd").await;
    let (mut writes, mut reads, mut spans) = (0, 0, Vec::new());
    for _ in 0..ROUNDS {
        let wire = Wire::new(client.clone());
        let guard = lock(&client, &namespace).hold("crowd", hold()).await.expect("it is free");
        let wait = |_| {
            let lock = lock(&wire.client(), &namespace);
            tokio::spawn(async move {
                let guard = lock.hold("crowd", waiting()).await.expect("it waits");
                let at = Instant::now();
                guard.release().await.expect("it is ours");
                at
            })
        };
        let waiters: Vec<_> = (0..WAITERS).map(wait).collect();
        tokio::time::sleep(CALM).await;
        wire.take_sent();
        let mut instants = vec![Instant::now()];
        guard.release().await.expect("it is ours");
        for waiter in waiters {
            instants.push(waiter.await.expect("no panic"));
        }
        let sent = wire.take_sent();
        writes += sent.iter().filter(|sent| sent.method == http::Method::PATCH).count();
        reads += sent.iter().filter(|sent| sent.verb() == http::Method::GET).count();
        instants.sort_unstable();
        spans.extend(instants.windows(2).map(|pair| pair[1] - pair[0]));
    }
    report(writes, reads, &Sample::new(spans));
}

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
fn report(writes: usize, reads: usize, spans: &Sample) {
    let hand_overs = WAITERS * ROUNDS;
    let tenths = |count: usize| format!("{}.{}", count / hand_overs, count * 10 / hand_overs % 10);
    println!(
        "\n{WAITERS} who wait for one lock: {} writes and {} reads per hand-over, of which taking it and giving it back are 2; p50 {} from each to the next",
        tenths(writes),
        tenths(reads),
        millis(spans.percentile(50)),
    );
}
