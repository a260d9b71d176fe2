//! Holders and waiters who may not do everything.

use http::Method;
use kubelock::HoldOptions;
use serde_json::json;

use crate::hold_stage::{
    LONG, eventually, hold, operations, spawn_hold, until_renewed, waiting, watch,
};
use crate::rbac::User;
use crate::support::{GET, PATCH, PUT, Stage};

#[tokio::test]
async fn get_and_patch_are_enough_to_hold_to_renew_to_write_under_guard_and_to_release() {
    let Some(stage) = Stage::new("rbac").await else { return };
    stage.annotate("team", Some("a")).await;
    let user = User::who_may(&stage, &["get", "patch"]).await;
    let guard = user.lock.hold("app", hold("alice")).await.unwrap();
    until_renewed(&guard).await;
    let write = json!([{ "op": "add", "path": "/data", "value": { "by": "alice" } }]);
    guard.patch(operations(write), None).await.unwrap();
    guard.release().await.unwrap();
    let methods = user.methods();
    assert!(methods.len() >= 4 && methods.iter().all(|method| *method == PATCH), "{methods:?}");
    assert_eq!(stage.value().await, None);
}

#[tokio::test]
async fn patch_alone_is_enough_for_a_free_lock_and_a_held_one_needs_get() {
    let Some(stage) = Stage::new("rbac").await else { return };
    stage.annotate("team", Some("a")).await;
    let user = User::who_may(&stage, &["get", "patch"]).await;
    user.regrant(&stage, &["patch"]).await;
    let guard = user.lock.hold("app", hold("alice")).await.unwrap();
    let error = user.lock.hold("app", hold("bob")).await.unwrap_err();
    assert!(error.is_forbidden() && error.to_string().contains("to get configmaps/app"), "{error}");
    until_renewed(&guard).await;
    guard.release().await.unwrap();
    assert_eq!(stage.value().await, None);
}

#[tokio::test]
async fn who_may_not_watch_asks_for_it_once_then_polls_and_gets_the_lock() {
    let Some(stage) = Stage::new("rbac").await else { return };
    stage.annotate("team", Some("a")).await;
    let user = User::who_may(&stage, &["get", "patch"]).await;
    let alices =
        stage.lock().hold("app", HoldOptions { ttl: LONG, ..hold("alice") }).await.unwrap();
    user.wire.take_sent();
    let bobs = spawn_hold(&user.lock, "app", waiting("bob"));
    let mut methods: Vec<Method> = Vec::new();
    eventually("the object was polled twice", async || {
        methods.extend(user.methods());
        methods.iter().filter(|method| **method == GET).count() >= 3
    })
    .await;
    assert_eq!(methods[..5], [PATCH, GET, watch(), GET, GET]);
    alices.release().await.unwrap();
    let bobs = bobs.await.unwrap().unwrap();
    methods.extend(user.methods());
    assert_eq!(methods.iter().filter(|method| **method == watch()).count(), 1);
    assert_eq!(methods.iter().filter(|method| **method == PATCH).count(), 2);
    bobs.release().await.unwrap();
}

#[tokio::test]
async fn with_get_and_update_a_lock_is_held_renewed_and_released_by_putting_the_whole_object() {
    let Some(stage) = Stage::new("rbac").await else { return };
    let user = User::who_may(&stage, &["get", "update"]).await;
    let guard = user.lock.hold("app", hold("alice")).await.unwrap();
    let methods = user.methods();
    assert!(methods.starts_with(&[PATCH, GET, PUT]), "{methods:?}");
    let first = guard.record();
    until_renewed(&guard).await;
    assert_eq!(user.methods(), [GET, PUT]);
    assert_eq!(guard.record().acquired_at, Some(first.created_at));
    assert_eq!(stage.value().await, Some(guard.record().encode()));
    guard.release().await.unwrap();
    assert_eq!(user.methods(), [GET, PUT]);
    assert_eq!(stage.value().await, None);

    // Remembered: no patch is tried any more.
    let guard = user.lock.hold("app", hold("alice")).await.unwrap();
    assert_eq!(user.methods(), [GET, PUT]);
    let write = json!([{ "op": "add", "path": "/data", "value": { "by": "alice" } }]);
    let error = guard.patch(operations(write), None).await.unwrap_err();
    assert!(error.is_forbidden(), "{error}");
    assert!(guard.is_valid(), "a guarded write takes patch; the hold goes on without");
    until_renewed(&guard).await;
    guard.release().await.unwrap();
}

#[tokio::test]
async fn with_get_and_update_a_waiter_gets_the_lock_as_well() {
    let Some(stage) = Stage::new("rbac").await else { return };
    let user = User::who_may(&stage, &["get", "update", "watch"]).await;
    let alices = stage.lock().hold("app", hold("alice")).await.unwrap();
    let bobs = spawn_hold(&user.lock, "app", waiting("bob"));
    let mut methods = Vec::new();
    eventually("a watch is opened", async || {
        methods.extend(user.methods());
        methods.contains(&watch())
    })
    .await;
    alices.release().await.unwrap();
    let bobs = bobs.await.unwrap().unwrap();
    assert_eq!(stage.value().await, Some(bobs.record().encode()));
    bobs.release().await.unwrap();
}

#[tokio::test]
async fn without_patch_and_update_nobody_holds_and_the_error_names_both() {
    let Some(stage) = Stage::new("rbac").await else { return };
    let user = User::who_may(&stage, &["get", "watch"]).await;
    for options in [hold("alice"), waiting("alice")] {
        let error = user.lock.hold("app", options).await.unwrap_err();
        assert!(error.is_forbidden() && error.to_string().contains("patch or update"), "{error}");
    }
}

#[tokio::test]
async fn a_holder_whose_rights_are_taken_away_keeps_the_lock_to_its_deadline_and_no_longer() {
    let Some(stage) = Stage::new("rbac").await else { return };
    let user = User::who_may(&stage, &["get", "patch"]).await;
    let guard = user.lock.hold("app", hold("alice")).await.unwrap();
    until_renewed(&guard).await;
    user.regrant(&stage, &["get"]).await;
    assert!(guard.is_valid(), "refusing a renewal takes nothing away");
    assert_eq!(guard.lost().await, kubelock::Loss::Deadline);
}
