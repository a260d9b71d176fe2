//! Clocks that differ, injected, against the real server's.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kubelock::{AcquireOptions, Clock, ExpiryRule, Lock, SystemClock, Timestamp};

use crate::support::{GET, PATCH, Skewed, Stage, acquire, by_local_clock, kube_lock};

fn skewed(stage: &Stage, seconds: i128) -> Lock {
    stage.lock_of(&kube_lock(stage.wire.client()).with_clock(Arc::new(Skewed(seconds))))
}

fn seconds_off(time: Timestamp) -> i128 {
    (time.unix_nanos() - Timestamp::from(SystemTime::now()).unix_nanos()) / 1_000_000_000
}

#[tokio::test]
async fn a_caller_whose_clock_is_ahead_robs_nobody_unless_it_asked_for_the_go_packages_rule() {
    let Some(stage) = Stage::new("clocks").await else { return };
    stage.lock().acquire("app", acquire("alice")).await.unwrap();
    let ahead = skewed(&stage, 3600);
    assert!(ahead.acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch());
    ahead.acquire("app", by_local_clock("bob", Duration::ZERO)).await.unwrap();
    assert_eq!(stage.owner().await.as_deref(), Some("bob"));
}

#[tokio::test]
async fn a_cold_process_with_a_slow_clock_writes_its_record_again_before_it_goes_on() {
    let Some(stage) = Stage::new("clocks").await else { return };
    stage.annotate("team", Some("a")).await;
    let lock = skewed(&stage, -600);
    let acquired = lock.acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, PATCH]);
    assert_eq!(stage.value().await, Some(acquired.record().encode()));
    assert!(
        (-1..=3).contains(&seconds_off(acquired.record().created_at)),
        "{}",
        acquired.record().created_at
    );

    // From now on it knows better, and needs no second write.
    acquired.release().await.unwrap();
    stage.wire.take_methods();
    let acquired = lock.acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    assert!((-1..=3).contains(&seconds_off(acquired.record().created_at)));
    assert!(stage.lock().acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch());
}

#[tokio::test]
async fn a_cold_process_with_a_fast_clock_keeps_nobody_waiting_for_long() {
    let Some(stage) = Stage::new("clocks").await else { return };
    stage.annotate("team", Some("a")).await;
    let acquired = skewed(&stage, 86_400).acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, PATCH]);
    assert!(seconds_off(acquired.record().created_at) <= 303, "{}", acquired.record().created_at);
}

#[tokio::test]
async fn a_slow_clock_keeps_an_expired_lock_only_for_its_own_caller() {
    let Some(stage) = Stage::new("clocks").await else { return };
    let minute_ago = Timestamp::from_unix_nanos(SystemClock.wall().unix_nanos() - 60_000_000_000);
    let value = crate::support::record("carol", &minute_ago.to_string(), Duration::from_secs(10));
    stage.annotate(crate::support::KEY, Some(&value)).await;
    let error = skewed(&stage, -600).acquire("app", acquire("bob")).await.unwrap_err();
    assert!(error.is_owner_mismatch(), "{error}");
    stage.lock().acquire("app", acquire("bob")).await.unwrap();
}

#[tokio::test]
async fn the_go_packages_rule_stamps_and_judges_by_the_local_clock_alone() {
    let Some(stage) = Stage::new("clocks").await else { return };
    stage.annotate("team", Some("a")).await;
    let lock = skewed(&stage, -600);
    let options = AcquireOptions { expiry: ExpiryRule::LocalClock, ..acquire("alice") };
    let acquired = lock.acquire("app", options.clone()).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    assert!((-602..=-598).contains(&seconds_off(acquired.record().created_at)));
    assert!(lock.acquire("app", options).await.unwrap_err().is_already_exists());
    assert_eq!(stage.wire.take_methods(), [PATCH, GET]);
}

#[tokio::test]
async fn a_lock_that_expired_is_not_released_but_not_found() {
    let Some(stage) = Stage::new("clocks").await else { return };
    let short = AcquireOptions { ttl: Duration::from_millis(50), ..acquire("alice") };
    let acquired = stage.lock().acquire("app", short).await.unwrap();
    let value = acquired.record().encode();
    for round in 0.. {
        assert!(round < 400, "it never expired");
        match acquired.release().await {
            // Still live by one of the clocks: it was released, so take it again as it was.
            Ok(()) => stage.annotate(crate::support::KEY, Some(&value)).await,
            Err(error) => {
                assert!(error.is_not_found(), "{error}");
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(stage.value().await, Some(value), "an expired record is left as it is");
}

/// Clocks that stand still.
struct Frozen(Timestamp);

impl Clock for Frozen {
    fn wall(&self) -> Timestamp {
        self.0
    }

    fn boot(&self) -> Duration {
        Duration::ZERO
    }
}

#[tokio::test]
async fn two_callers_with_one_name_at_one_instant_never_take_each_others_record_for_their_own() {
    let Some(stage) = Stage::new("clocks").await else { return };
    let now = SystemClock.wall();
    let caller =
        || stage.lock_of(&kube_lock(stage.wire.client()).with_clock(Arc::new(Frozen(now))));
    for _ in 0..20 {
        let (first, second) = (caller(), caller());
        let (first, second) = tokio::join!(
            first.acquire("app", acquire("alice")),
            second.acquire("app", acquire("alice"))
        );
        let (winner, loser) = if first.is_ok() { (first, second) } else { (second, first) };
        assert!(loser.unwrap_err().is_already_exists());
        assert_eq!(stage.value().await, Some(winner.unwrap().record().encode()));
        stage.annotate(crate::support::KEY, None).await;
    }
}
