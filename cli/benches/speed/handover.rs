//! From the start of a release until the next holder, who waited, has its guard.

use std::time::{Duration, Instant};

use kubelock::Lock;
use testkit::Cluster;
use tokio::sync::oneshot;

use crate::bare::Bare;
use crate::stage::{create, hold, lock, waiting};
use crate::stats::{Sample, millis};

const ROUNDS: usize = 120;
/// Between the opening of a watch and the release that it is to show.
const CALM: Duration = Duration::from_millis(20);

/// Whether who waits has a connection to spare beside the one of its watch. A process that has
/// just begun to wait has none, and opens one for its write.
#[derive(Clone, Copy, PartialEq)]
enum Spare {
    None,
    One,
}

pub async fn run(cluster: &'static Cluster) {
    let namespace = cluster.namespace("bench").await;
    let client = cluster.client().await;
    for object in ["handover", "handover-bare"] {
        create(&client, &namespace, object).await;
    }
    // The two sides share no connection, as two processes would not.
    let next = cluster.client().await;
    let sides = [lock(&client, &namespace), lock(&next, &namespace)];
    let object = "handover-bare";
    let bare = Bare { client, namespace: namespace.clone(), object };
    let next_bare = Bare { client: next, ..bare.clone() };
    for spare in [Spare::One, Spare::None] {
        let (mut ours, mut bares, mut watched) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let our_turn = our_hand_over(&sides, &next_bare, spare);
            let bare_turn = bare_hand_over(&bare, &next_bare, spare);
            let (ours_took, (seen, bare_took)) = if round % 2 == 0 {
                (our_turn.await, bare_turn.await)
            } else {
                let bare = bare_turn.await;
                (our_turn.await, bare)
            };
            // The first round warms caches.
            if round > 0 {
                ours.push(ours_took);
                bares.push(bare_took);
                watched.push(seen);
            }
        }
        report(spare, &Sample::new(ours), &Sample::new(bares), &Sample::new(watched));
    }
}

async fn our_hand_over([first, next]: &[Lock; 2], warm: &Bare, spare: Spare) -> Duration {
    let guard = first.hold("handover", hold()).await.expect("the lock is free");
    let next = next.clone();
    let waiter = tokio::spawn(async move {
        let guard = next.hold("handover", waiting()).await.expect("it waits");
        (guard, Instant::now())
    });
    // A failed write, a read, and the opening of the watch.
    tokio::time::sleep(CALM).await;
    if spare == Spare::One {
        warm.warm().await;
    }
    tokio::time::sleep(CALM).await;
    let started = Instant::now();
    guard.release().await.expect("it is ours");
    let (guard, at) = waiter.await.expect("no panic");
    guard.release().await.expect("it is theirs");
    at - started
}

/// Returns when the watch had shown it, and when the patch after that was answered.
async fn bare_hand_over(first: &Bare, next: &Bare, spare: Spare) -> (Duration, Duration) {
    first.add().await;
    let (tell, opened) = oneshot::channel();
    let warm = next;
    let next = next.clone();
    let waiter = tokio::spawn(async move {
        next.watch_until_removed(|| tell.send(()).expect("it is waited for")).await;
        let seen = Instant::now();
        next.add().await;
        (seen, Instant::now())
    });
    opened.await.expect("a watch");
    if spare == Spare::One {
        warm.warm().await;
    }
    tokio::time::sleep(CALM).await;
    let started = Instant::now();
    first.remove().await;
    let (seen, at) = waiter.await.expect("no panic");
    first.remove().await;
    (seen - started, at - started)
}

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
fn report(spare: Spare, ours: &Sample, bare: &Sample, watched: &Sample) {
    let spare = match spare {
        Spare::One => "has a connection to spare",
        Spare::None => "has none, and opens one for its write",
    };
    println!("\nhand-over to one who waits and {spare}, {} times each, in turns:", ours.count());
    println!("{:<44}{:>12}{:>12}{:>12}", "", "p50", "p90", "p50 ÷ bare");
    for (name, sample) in [
        ("a bare patch until another's watch shows it", watched),
        ("the same and one more bare patch", bare),
        ("kubelock, release to the next guard", ours),
    ] {
        println!(
            "{name:<44}{:>12}{:>12}{:>12.3}",
            millis(sample.percentile(50)),
            millis(sample.percentile(90)),
            sample.ratio(bare)
        );
    }
}
