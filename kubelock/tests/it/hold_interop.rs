//! Holds and the Go package on the same lock.

use std::time::Duration;

use kubelock::{Clock, HoldOptions, Loss, Wait};
use testkit::seed::SeedOutcome;
use testkit::wire::Wire;

use crate::hold_stage::{LONG, eventually, hold, spawn_hold, until_watching, waiting};
use crate::interop::{Go, programs};
use crate::support::Stage;

/// The Go package knows owners alone: of a hold it sees the label.
#[tokio::test]
async fn the_go_package_sees_a_hold_as_held_and_its_release_by_the_same_owner_revokes_it() {
    let Some(stage) = Stage::new("interop").await else { return };
    for (program, watches) in programs().into_iter().zip([true, false]) {
        let mut go = Go::new(&program, &stage);
        let options = HoldOptions { watch: watches, ..hold("us") };
        // Who watches learns of it without any renewal; else the next one is soon.
        let options = if watches { HoldOptions { ttl: LONG, ..options } } else { options };
        let guard = stage.lock().hold("app", options).await.unwrap();
        assert_eq!(go.acquire("us", Duration::ZERO), SeedOutcome::AlreadyExists);
        assert_eq!(go.acquire("them", Duration::ZERO), SeedOutcome::OwnerMismatch);
        assert_eq!(go.release("them"), SeedOutcome::OwnerMismatch);
        assert!(guard.is_valid());

        assert_eq!(go.release("us"), SeedOutcome::Ok);
        assert_eq!(guard.lost().await, Loss::Removed);
        assert_eq!(go.release("us"), SeedOutcome::NotFound);
        assert!(guard.release().await.unwrap_err().is_lost());
    }
}

#[tokio::test]
async fn after_a_go_release_the_go_package_may_take_the_lock_and_the_hold_learns_from_whom() {
    let Some(stage) = Stage::new("interop").await else { return };
    for program in programs() {
        let mut go = Go::new(&program, &stage);
        let guard = stage.lock().hold("app", hold("us")).await.unwrap();
        assert_eq!(go.release("us"), SeedOutcome::Ok);
        assert_eq!(go.acquire("them", Duration::ZERO), SeedOutcome::Ok);
        let loss = guard.lost().await;
        assert!(
            matches!(&loss, Loss::Replaced(record) if record.owner == "them")
                || loss == Loss::Removed,
            "{loss:?}"
        );
        let error = guard.release().await.unwrap_err();
        assert!(error.is_lost(), "{error}");
        assert_eq!(stage.owner().await.as_deref(), Some("them"));
        assert_eq!(go.release("them"), SeedOutcome::Ok);
    }
}

#[tokio::test]
async fn the_go_package_takes_over_from_a_dead_holder_only_once_its_hold_is_over() {
    let Some(stage) = Stage::new("interop").await else { return };
    let wire = Wire::new(stage.admin.clone());
    let guard = stage.lock_with(wire.client()).hold("app", hold("us")).await.unwrap();
    let mut go = Go::new(&testkit::go::seed_v0(), &stage);
    wire.blackhole(true);
    assert_eq!(go.acquire("them", Duration::ZERO), SeedOutcome::OwnerMismatch);
    eventually("it takes over", async || {
        let outcome = go.acquire("them", Duration::ZERO);
        assert!(matches!(outcome, SeedOutcome::Ok | SeedOutcome::OwnerMismatch), "{outcome:?}");
        outcome == SeedOutcome::Ok
    })
    .await;
    assert!(!guard.is_valid(), "two at once");
    wire.blackhole(false);
    assert!(guard.release().await.unwrap_err().is_lost());
    assert_eq!(stage.owner().await.as_deref(), Some("them"));
}

#[tokio::test]
async fn a_waiter_gets_the_lock_once_the_go_package_has_released_it() {
    let Some(stage) = Stage::new("interop").await else { return };
    for program in programs() {
        let mut go = Go::new(&program, &stage);
        assert_eq!(go.acquire("them", Duration::ZERO), SeedOutcome::Ok);
        let waiter = spawn_hold(&stage.lock(), "app", waiting("us"));
        until_watching(&stage.wire, 1).await;
        assert!(!waiter.is_finished());
        assert_eq!(go.release("them"), SeedOutcome::Ok);
        let guard = waiter.await.unwrap().unwrap();
        assert_eq!(go.acquire("them", Duration::ZERO), SeedOutcome::OwnerMismatch);
        guard.release().await.unwrap();
        assert_eq!(go.acquire("them", Duration::ZERO), SeedOutcome::Ok);
        assert_eq!(go.release("them"), SeedOutcome::Ok);
    }
}

#[tokio::test]
async fn a_waiter_takes_over_from_the_go_package_no_earlier_than_its_own_rule_would() {
    let Some(stage) = Stage::new("interop").await else { return };
    let mut go = Go::new(&testkit::go::seed_v0(), &stage);
    assert_eq!(go.acquire("them", Duration::from_secs(2)), SeedOutcome::Ok);
    let theirs = stage.value().await.unwrap();
    let expires_at = kubelock::Record::decode(&theirs).unwrap().expires_at();
    let options = HoldOptions { wait: Wait::For(Duration::from_mins(1)), ..hold("us") };
    let guard = stage.lock().hold("app", options).await.unwrap();
    assert!(kubelock::SystemClock.wall() > expires_at, "robbed");
    assert_eq!(go.release("them"), SeedOutcome::OwnerMismatch);
    guard.release().await.unwrap();
}
