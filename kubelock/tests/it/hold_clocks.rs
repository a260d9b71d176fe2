//! Holders and waiters whose wall clocks differ, or are set while they hold.

use std::sync::Arc;
use std::time::Duration;

use kubelock::{Clock, ExpiryRule, HoldOptions, Lock, Loss, Takeover, Wait};
use serde_json::json;
use testkit::wire::Wire;

use crate::hold_stage::{
    LONG, Stay, Stepping, hold, locks, operations, spawn_hold, until_renewed, until_watching,
    waiting,
};
use crate::support::{Skewed, Stage, configmaps};

/// Ten minutes.
const FAR: i128 = 600;
/// The wall clocks of a holder and of one who waits for it, in seconds ahead of the server's.
const PAIRS: [(i128, i128); 6] =
    [(0, FAR), (0, -FAR), (FAR, 0), (-FAR, 0), (FAR, -FAR), (-FAR, FAR)];

/// A process that has seen nothing yet, with these clocks.
fn cold_lock(stage: &Stage, wire: &Wire, clock: Arc<dyn Clock>) -> Lock {
    stage.lock_of(&locks(wire, configmaps()).with_clock(clock))
}

fn skewed_lock(stage: &Stage, wire: &Wire, seconds: i128) -> Lock {
    cold_lock(stage, wire, Arc::new(Skewed(seconds)))
}

async fn configmaps_for<T: Copy>(stage: &Stage, cases: &[T]) -> Vec<(String, T)> {
    let mut objects = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let object = format!("app-{index}");
        stage.create_configmap(&object, None).await;
        objects.push((object, *case));
    }
    objects
}

/// The holder renews for more than its ttl, then no request of its arrives any more.
async fn outlive(stage: &Stage, object: &str, holders: Arc<dyn Clock>, waiters: Arc<dyn Clock>) {
    let (near, far) = (Wire::new(stage.admin.clone()), Wire::new(stage.admin.clone()));
    let alices = cold_lock(stage, &near, holders).hold(object, hold("alice")).await.unwrap();
    let waiter = spawn_hold(&cold_lock(stage, &far, waiters), object, waiting("bob"));
    until_watching(&far, 1).await;
    for _ in 0..4 {
        until_renewed(&alices).await;
        assert!(!waiter.is_finished(), "{object}: the lock is held");
    }
    near.blackhole(true);
    assert!(alices.is_valid(), "{object}");
    let bobs = waiter.await.unwrap().unwrap();
    assert!(!alices.is_valid(), "{object}: two at once");
    assert!(bobs.token() > alices.token());
    assert_eq!(alices.lost().await, Loss::Deadline);
    bobs.release().await.unwrap();
}

#[tokio::test]
async fn whatever_their_wall_clocks_show_a_waiter_takes_over_only_after_a_dead_holders_hold_is_over()
 {
    let Some(stage) = Stage::new("clocks").await else { return };
    let objects = configmaps_for(&stage, &PAIRS).await;
    let outlived = objects.iter().map(|(object, (holders, waiters))| {
        outlive(&stage, object, Arc::new(Skewed(*holders)), Arc::new(Skewed(*waiters)))
    });
    futures_util::future::join_all(outlived).await;
}

#[tokio::test]
async fn wall_clocks_that_are_set_to_and_fro_during_a_hold_change_nothing() {
    let Some(stage) = Stage::new("clocks").await else { return };
    let objects = configmaps_for(&stage, &[(); 2]).await;
    let clocks = [Arc::new(Stepping::default()), Arc::new(Stepping::default())];
    let [first, second] = &clocks;
    let steps = async {
        for step in 0_u64.. {
            let far = if step % 2 == 0 { 600 } else { -600 };
            first.set_ahead(far);
            second.set_ahead(-far);
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
    };
    let outlived = async {
        tokio::join!(
            outlive(&stage, &objects[0].0, first.clone(), second.clone()),
            outlive(&stage, &objects[1].0, second.clone(), first.clone()),
        )
    };
    tokio::select! {
        () = steps => {}
        _ = outlived => {}
    }
}

#[tokio::test]
async fn of_cold_processes_under_skew_that_contend_one_holds_at_a_time_and_tokens_grow() {
    let Some(stage) = Stage::new("clocks").await else { return };
    let contend = |seconds: i128| {
        let stage = &stage;
        async move {
            let mut stays = Vec::new();
            for round in 0..6 {
                // Another process each time: its first write is under skew.
                let wire = Wire::new(stage.admin.clone());
                let lock = skewed_lock(stage, &wire, seconds);
                let options = waiting(&format!("{seconds} in round {round}"));
                let guard = lock.hold("app", options).await.unwrap();
                stays.push(Stay::within(guard, Duration::from_millis(30)).await);
            }
            stays
        }
    };
    let stays = futures_util::future::join_all([0, FAR, -FAR, 30, -30].map(contend)).await;
    let mut stays: Vec<Stay> = stays.into_iter().flatten().collect();
    Stay::check(&mut stays);
}

#[tokio::test]
async fn who_judges_by_both_clocks_robs_nobody_whatever_its_own_shows() {
    let Some(stage) = Stage::new("clocks").await else { return };
    let takeover =
        Takeover::WallClock { expiry: ExpiryRule::BothClocks, tolerance: Duration::ZERO };
    for holder in [0, FAR, -FAR] {
        let alices = skewed_lock(&stage, &stage.wire, holder);
        let alices = alices.hold("app", hold("alice")).await.unwrap();
        let wire = Wire::new(stage.admin.clone());
        let options = HoldOptions { takeover, ..hold("bob") };
        let error = skewed_lock(&stage, &wire, FAR).hold("app", options).await.unwrap_err();
        assert!(error.is_owner_mismatch(), "{holder}: {error}");
        assert!(alices.is_valid(), "{holder}");
        alices.release().await.unwrap();
    }
}

/// The Go package's own rule: as unsafe as there, and only for who asks for it.
fn by_local_clock(options: HoldOptions) -> HoldOptions {
    let takeover =
        Takeover::WallClock { expiry: ExpiryRule::LocalClock, tolerance: Duration::ZERO };
    HoldOptions { takeover, ..options }
}

#[tokio::test]
async fn by_the_go_packages_rule_a_fast_clock_robs_a_live_holder_whose_guarded_write_is_refused() {
    let Some(stage) = Stage::new("clocks").await else { return };
    let alices = stage.lock().hold("app", HoldOptions { ttl: LONG / 2, ..hold("alice") }).await;
    let alices = alices.unwrap();
    let wire = Wire::new(stage.admin.clone());
    let bobs = skewed_lock(&stage, &wire, FAR).hold("app", by_local_clock(hold("bob"))).await;
    let bobs = bobs.unwrap();
    assert!(alices.is_valid() && bobs.is_valid(), "this is the overlap");

    assert!(bobs.token() > alices.token());
    let write = operations(json!([{ "op": "add", "path": "/data", "value": { "by": "alice" } }]));
    assert!(alices.patch(write, None).await.unwrap_err().is_lost());
    assert_eq!(stage.configmaps().get("app").await.unwrap().data, None);
    assert!(matches!(alices.lost().await, Loss::Replaced(record) if record.owner == "bob"));
}

#[tokio::test]
async fn by_the_go_packages_rule_a_slow_clock_waits_on_although_the_lock_has_expired() {
    let Some(stage) = Stage::new("clocks").await else { return };
    stage.annotate(crate::support::KEY, Some(&just_expired())).await;
    let slow = skewed_lock(&stage, &stage.wire, -FAR);
    let error = slow.hold("app", by_local_clock(hold("bob"))).await.unwrap_err();
    assert!(error.is_owner_mismatch(), "{error}");
    // The default rule needs no more than the ttl that it sees.
    let wait = Wait::For(Duration::from_mins(1));
    slow.hold("app", HoldOptions { wait, ..hold("bob") }).await.unwrap().release().await.unwrap();
}

/// A dead holder's, of a second.
fn just_expired() -> String {
    let created_at = kubelock::SystemClock.wall().saturating_add_nanos(-2_000_000_000);
    crate::support::record("carol", &created_at.to_string(), Duration::from_secs(1))
}
