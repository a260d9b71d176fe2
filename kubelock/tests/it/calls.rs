//! How many requests each path takes, counted on the wire.

use std::time::Duration;

use kubelock::AcquireOptions;

use kubelock::GetOptions;

use crate::support::{GET, PATCH, POST, Stage, acquire, expired, hasty, release};

#[tokio::test]
async fn a_free_lock_takes_one_request_and_its_release_with_the_record_at_hand_one() {
    let Some(stage) = Stage::new("calls").await else { return };
    stage.annotate("team", Some("a")).await;
    let lock = stage.lock();

    let acquired = lock.acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    acquired.release().await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    assert_eq!(stage.value().await, None);
}

#[tokio::test]
async fn a_wrong_guess_about_the_annotations_takes_one_request_more_and_is_not_made_twice() {
    let Some(stage) = Stage::new("calls").await else { return };
    let lock = stage.lock();

    let acquired = lock.acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, PATCH]);
    for _ in 0..3 {
        acquired.release().await.ok();
        stage.wire.take_methods();
        let acquired = lock.acquire("app", acquire("alice")).await.unwrap();
        assert_eq!(stage.wire.take_methods(), [PATCH]);
        acquired.release().await.unwrap();
    }
}

#[tokio::test]
async fn a_held_lock_takes_two_requests_once_the_object_is_known_and_three_before() {
    let Some(stage) = Stage::new("calls").await else { return };
    stage.lock().acquire("app", acquire("alice")).await.unwrap();
    stage.wire.take_methods();

    let lock = stage.lock();
    assert!(lock.acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch());
    assert_eq!(stage.wire.take_methods(), [PATCH, PATCH, GET]);
    for _ in 0..3 {
        assert!(lock.acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch());
        assert_eq!(stage.wire.take_methods(), [PATCH, GET]);
    }
}

#[tokio::test]
async fn an_expired_lock_takes_the_refused_write_the_read_and_the_write_that_replaces_it() {
    let Some(stage) = Stage::new("calls").await else { return };
    let lock = stage.lock();
    stage.annotate(crate::support::KEY, Some(&expired("carol"))).await;
    lock.get("app", GetOptions::default()).await.unwrap();
    stage.wire.take_methods();

    lock.acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, GET, PATCH]);
    assert_eq!(stage.owner().await.as_deref(), Some("alice"));
}

#[tokio::test]
async fn a_release_by_owner_takes_the_read_and_the_write() {
    let Some(stage) = Stage::new("calls").await else { return };
    let lock = stage.lock();
    lock.acquire("app", acquire("alice")).await.unwrap();
    stage.wire.take_methods();

    lock.release("app", release("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [GET, PATCH]);
    assert!(lock.release("app", release("alice")).await.unwrap_err().is_not_found());
    assert_eq!(stage.wire.take_methods(), [GET]);
}

#[tokio::test]
async fn a_missing_object_takes_two_requests_and_a_lease_that_may_be_made_two() {
    let Some(stage) = Stage::new("calls").await else { return };
    assert!(
        stage.lock().acquire("nothing", acquire("alice")).await.unwrap_err().is_object_missing()
    );
    assert_eq!(stage.wire.take_methods(), [PATCH, GET]);

    let leases = kube::core::GroupVersionResource::gvr("coordination.k8s.io", "v1", "leases");
    let config = kubelock::Config { client: stage.wire.client(), gvr: leases };
    let lock = kubelock::KubeLock::new(config)
        .unwrap()
        .lock("deploy")
        .unwrap()
        .namespace(&stage.namespace)
        .unwrap();
    let making = |owner| AcquireOptions { create_lease: true, ..acquire(owner) };
    let acquired = lock.acquire("deploy", making("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, POST]);
    assert!(lock.acquire("deploy", making("bob")).await.unwrap_err().is_owner_mismatch());
    assert_eq!(stage.wire.take_methods(), [PATCH, GET]);
    acquired.release().await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    // The Lease keeps its map of annotations, so a cold process, too, needs one request.
    lock.acquire("deploy", making("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
}

#[tokio::test]
async fn requests_name_their_agent_and_manager_and_bound_the_servers_time() {
    let Some(stage) = Stage::new("calls").await else { return };
    stage.lock().acquire("app", hasty("alice")).await.unwrap();
    let sent = stage.wire.take_sent();
    let uri = &sent[0].uri;
    assert!(uri.contains("fieldManager=kubelock"), "{uri}");
    let millis = uri.split("timeout=").nth(1).unwrap().split("ms").next().unwrap();
    let bound = Duration::from_millis(millis.parse().unwrap());
    assert!(bound <= hasty("alice").deadline, "{uri}");
}
