//! How many requests it takes to hold and to wait, for one and for many.

use std::time::{Duration, Instant};

use kubelock::HoldOptions;
use testkit::wire::Wire;

use crate::hold_stage::{LONG, Stay, hold, spawn_hold, until_renewed, until_watching, waiting};
use crate::support::{PATCH, Stage, kube_lock};

const WAITERS: usize = 20;

#[tokio::test]
async fn of_twenty_who_wait_each_gets_the_lock_once_one_at_a_time_and_hand_overs_take_few_writes() {
    let Some(stage) = Stage::new("waiters").await else { return };
    let first = stage.lock().hold("app", HoldOptions { ttl: LONG, ..hold("first") }).await.unwrap();
    let wire = Wire::new(stage.admin.clone());
    let wait = |number: usize| {
        // Processes share nothing: nor do these.
        let lock = stage.lock_of(&kube_lock(wire.client()));
        let options = waiting(&format!("waiter-{number}"));
        tokio::spawn(async move {
            let guard = lock.hold("app", HoldOptions { ttl: LONG, ..options }).await.unwrap();
            Stay::within(guard, Duration::from_millis(20)).await
        })
    };
    let waiters: Vec<_> = (0..WAITERS).map(wait).collect();
    until_watching(&wire, WAITERS).await;
    wire.take_sent();
    first.release().await.unwrap();
    let mut stays = Vec::new();
    for waiter in waiters {
        stays.push(waiter.await.unwrap());
    }
    let sent = wire.take_sent();
    Stay::check(&mut stays);
    let owners: std::collections::HashSet<_> = stays.iter().map(|stay| &stay.owner).collect();
    assert_eq!(owners.len(), WAITERS);
    assert_eq!(stage.value().await, None);

    // Each of them writes twice at least: to take, and to give back.
    let writes = sent.iter().filter(|sent| sent.method == PATCH).count();
    let tenths = writes * 10 / WAITERS;
    eprintln!(
        "{WAITERS} waiters: {}.{} writes per hand-over, {} requests in all",
        tenths / 10,
        tenths % 10,
        sent.len()
    );
    assert!(writes <= WAITERS * 10, "a stampede: {writes} writes for {WAITERS} hand-overs");
}

#[tokio::test]
async fn while_it_waits_a_waiter_sends_nothing_beyond_its_watch_whatever_else_is_written() {
    let Some(stage) = Stage::new("waiters").await else { return };
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    let wire = Wire::new(stage.admin.clone());
    let waiter = spawn_hold(&stage.lock_with(wire.client()), "app", waiting("bob"));
    until_watching(&wire, 1).await;
    for _ in 0..4 {
        stage.annotate("tick", Some(&guard.record().created_at.to_string())).await;
        until_renewed(&guard).await;
    }
    assert_eq!(wire.take_methods(), [] as [http::Method; 0]);
    guard.release().await.unwrap();
    waiter.await.unwrap().unwrap().release().await.unwrap();
}

#[tokio::test]
async fn an_idle_holder_sends_its_renewals_and_nothing_else_one_request_each() {
    let Some(stage) = Stage::new("waiters").await else { return };
    stage.annotate("team", Some("a")).await;
    let guard = stage.counted_lock().hold("app", hold("alice")).await.unwrap();
    stage.wire.take_sent();
    let started = Instant::now();
    for _ in 0..6 {
        until_renewed(&guard).await;
    }
    let elapsed = started.elapsed();
    let sent = stage.wire.take_sent();
    assert_eq!(sent.len(), 6, "{sent:?}");
    assert!(sent.iter().all(|sent| sent.method == PATCH));
    // A third of the ttl apart, less a tenth of that.
    assert!(elapsed >= Duration::from_millis(850) * 5, "{elapsed:?} for six renewals");
    guard.release().await.unwrap();
}

#[tokio::test]
async fn holds_of_one_process_are_renewed_and_released_side_by_side() {
    const HOLDS: usize = 40;
    let Some(stage) = Stage::new("waiters").await else { return };
    let locks = kube_lock(stage.wire.client());
    let mut guards = Vec::new();
    for number in 0..HOLDS {
        let object = format!("app-{}", number % 10);
        if number < 10 {
            stage.create_configmap(&object, None).await;
        }
        let lock = locks.lock(&format!("l{number}")).unwrap();
        let lock = lock.namespace(&stage.namespace).unwrap();
        let options = HoldOptions { ttl: Duration::from_secs(6), ..hold("alice") };
        guards.push(lock.hold(&object, options).await.unwrap());
    }
    futures_util::future::join_all(guards.iter().map(until_renewed)).await;
    assert!(guards.iter().all(kubelock::Guard::is_valid));
    let releases = guards.into_iter().map(kubelock::Guard::release);
    for released in futures_util::future::join_all(releases).await {
        released.unwrap();
    }
    for number in 0..10 {
        let object = stage.configmaps().get(&format!("app-{number}")).await.unwrap();
        assert_eq!(object.metadata.annotations, None);
    }
}
