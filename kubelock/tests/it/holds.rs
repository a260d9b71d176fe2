//! Holds on a real API server: taken, renewed, handed over, lost.

use std::time::Duration;

use kubelock::{HoldOptions, Loss, Wait};

use crate::support::{PATCH, Stage, acquire, release};

fn hold(owner: &str) -> HoldOptions {
    HoldOptions { owner: owner.into(), ..Default::default() }
}

fn waiting(owner: &str) -> HoldOptions {
    HoldOptions { wait: Wait::Forever, ..hold(owner) }
}

#[tokio::test]
async fn a_hold_takes_one_request_a_renewal_one_and_a_release_one() {
    let Some(stage) = Stage::new("holds").await else { return };
    stage.annotate("team", Some("a")).await;
    let lock = stage.counted_lock();

    let options = HoldOptions { ttl: Duration::from_secs(3), ..hold("alice") };
    let guard = lock.hold("app", options).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    let first = guard.record();
    while guard.record().created_at == first.created_at {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    assert_eq!(guard.record().acquired_at, Some(first.created_at));
    assert!(guard.is_valid());
    guard.release().await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    assert_eq!(stage.value().await, None);
}

#[tokio::test]
async fn a_held_lock_takes_two_requests_and_a_watch_and_one_more_once_it_falls_free() {
    let Some(stage) = Stage::new("holds").await else { return };
    stage.annotate("team", Some("a")).await;
    let alices = stage.lock().hold("app", hold("alice")).await.unwrap();
    stage.wire.take_methods();

    let bobs = stage.counted_lock();
    let bobs = tokio::spawn(async move { bobs.hold("app", waiting("bob")).await });
    let mut methods = Vec::new();
    while methods.len() < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        methods.extend(stage.wire.take_methods());
    }
    assert_eq!(methods, ["PATCH", "GET", "WATCH"]);
    let token = alices.token().clone();
    alices.release().await.unwrap();
    let bobs = bobs.await.unwrap().unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, PATCH]);
    assert!(*bobs.token() > token);
    assert_eq!(stage.owner().await.as_deref(), Some("bob"));
    bobs.release().await.unwrap();
}

#[tokio::test]
async fn a_seed_owner_sees_a_held_lock_as_held_and_its_release_by_the_same_owner_revokes_it() {
    let Some(stage) = Stage::new("holds").await else { return };
    let lock = stage.lock();
    let guard = lock.hold("app", HoldOptions { watch: true, ..hold("alice") }).await.unwrap();
    assert!(lock.acquire("app", acquire("alice")).await.unwrap_err().is_already_exists());
    assert!(lock.acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch());
    assert!(lock.hold("app", hold("alice")).await.unwrap_err().is_owner_mismatch());
    lock.release("app", release("alice")).await.unwrap();
    assert_eq!(guard.lost().await, Loss::Removed);
    assert!(!guard.is_valid());
    assert!(guard.release().await.unwrap_err().is_lost());
}
