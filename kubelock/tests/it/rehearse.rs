//! The dry run of an acquire: what a real one would meet, and nothing stored.

use std::time::Duration;

use kubelock::{AcquireOptions, Config, Error, KubeLock};
use testkit::webhook::Webhook;
use testkit::wire::Sent;

use crate::rbac::User;
use crate::support::{GET, KEY, PATCH, POST, PUT, Stage, acquire, hasty};

fn is_dry_run(sent: &Sent) -> bool {
    sent.method == GET || sent.uri.contains("dryRun=All")
}

#[tokio::test]
async fn a_rehearsal_takes_the_requests_of_an_acquire_and_stores_nothing() {
    let Some(stage) = Stage::new("rehearse").await else { return };
    let before = stage.configmaps().get("app").await.unwrap();
    let lock = stage.counted_lock();

    let first = lock.rehearse("app", acquire("alice")).await.unwrap();
    let second = lock.rehearse("app", acquire("alice")).await.unwrap();

    assert_eq!((first.verb, second.verb), ("patch", "patch"));
    assert!(second.took > Duration::ZERO);
    let sent = stage.wire.take_sent();
    let methods: Vec<_> = sent.iter().map(|sent| sent.method.clone()).collect();
    assert_eq!(methods, [PATCH, PATCH, PATCH], "the wrong guess about annotations is made once");
    assert!(sent.iter().all(is_dry_run), "{sent:?}");
    assert_eq!(stage.configmaps().get("app").await.unwrap(), before);
}

#[tokio::test]
async fn the_rehearsal_for_a_missing_lease_makes_none() {
    let Some(stage) = Stage::new("rehearse").await else { return };
    let gvr = kube::core::GroupVersionResource::gvr("coordination.k8s.io", "v1", "leases");
    let locks = KubeLock::new(Config { client: stage.wire.client(), gvr }).unwrap();
    let lock = locks.lock("deploy").unwrap().namespace(&stage.namespace).unwrap();
    let options = AcquireOptions { create_lease: true, ..acquire("alice") };

    for _ in 0..2 {
        assert_eq!(lock.rehearse("deploy", options.clone()).await.unwrap().verb, "create");
    }
    assert_eq!(stage.wire.take_methods(), [PATCH, POST, PATCH, POST]);
    lock.acquire("deploy", options).await.unwrap();
    assert_eq!(stage.wire.take_methods()[..2], [PATCH, POST]);
}

#[tokio::test]
async fn who_may_not_patch_rehearses_the_update_that_takes_its_place() {
    let Some(stage) = Stage::new("rehearse").await else { return };
    let user = User::who_may(&stage, &["get", "update"]).await;

    assert_eq!(user.lock.rehearse("app", acquire("alice")).await.unwrap().verb, "update");
    let sent = user.wire.take_sent();
    assert_eq!(sent.iter().filter(|sent| sent.method == PUT).count(), 1);
    assert!(sent.iter().all(is_dry_run), "{sent:?}");
    assert_eq!(stage.value().await, None);

    let Some(stage) = Stage::new("rehearse").await else { return };
    let user = User::who_may(&stage, &["get"]).await;
    let error = user.lock.rehearse("app", acquire("alice")).await.unwrap_err();
    assert!(error.is_forbidden(), "{error}");
}

#[tokio::test]
async fn what_a_webhook_would_do_to_the_record_is_told_before_it_does() {
    let Some(stage) = Stage::new("rehearse").await else { return };
    let webhook = Webhook::validating(&stage.admin, &stage.namespace).await;
    webhook.deny(403);
    let error = stage.lock().rehearse("app", acquire("alice")).await.unwrap_err();
    assert!(error.is_refused() && error.to_string().contains("the webhook says no"), "{error}");
    webhook.stop(&stage.admin).await;

    let Some(stage) = Stage::new("rehearse").await else { return };
    let webhook = Webhook::mutating(&stage.admin, &stage.namespace, KEY).await;
    let error = stage.lock().rehearse("app", acquire("alice")).await.unwrap_err();
    assert!(matches!(error, Error::Altered { .. }), "{error}");
    webhook.stop(&stage.admin).await;
    assert_eq!(stage.value().await, None);
}

#[tokio::test]
async fn a_lock_that_is_held_and_a_server_that_is_silent_are_called_so() {
    let Some(stage) = Stage::new("rehearse").await else { return };
    stage.lock().acquire("app", acquire("alice")).await.unwrap();
    let error = stage.lock().rehearse("app", acquire("bob")).await.unwrap_err();
    assert!(error.is_owner_mismatch(), "{error}");

    stage.wire.blackhole(true);
    let error = stage.lock().rehearse("app", hasty("bob")).await.unwrap_err();
    assert!(error.is_unavailable(), "nothing is unknown of what is never stored: {error}");
}
