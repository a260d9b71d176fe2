//! How many requests each path takes, counted on the wire.

use std::sync::Arc;
use std::time::Duration;

use kubelock::{AcquireOptions, Config, GetOptions, KubeLock};
use testkit::wire::Sent;

use crate::support::{GET, PATCH, POST, Skewed, Stage, acquire, expired, release};

#[tokio::test]
async fn a_free_lock_takes_one_request_and_its_release_with_the_record_at_hand_one() {
    let Some(stage) = Stage::new("calls").await else { return };
    stage.annotate("team", Some("a")).await;
    let lock = stage.counted_lock();

    let acquired = lock.acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    acquired.release().await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    assert_eq!(stage.value().await, None);
}

#[tokio::test]
async fn a_wrong_guess_about_the_annotations_takes_one_request_more_and_is_not_made_twice() {
    let Some(stage) = Stage::new("calls").await else { return };
    let lock = stage.counted_lock();

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
    stage.counted_lock().acquire("app", acquire("alice")).await.unwrap();
    stage.wire.take_methods();

    let lock = stage.counted_lock();
    assert!(lock.acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch());
    assert_eq!(stage.wire.take_methods(), [PATCH, PATCH, GET]);
    for _ in 0..3 {
        assert!(lock.acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch());
        assert_eq!(stage.wire.take_methods(), [PATCH, GET]);
    }
}

#[tokio::test]
async fn a_lock_seen_held_on_an_object_without_other_annotations_takes_one_request_once_it_is_free()
{
    let Some(stage) = Stage::new("calls").await else { return };
    let alices = stage.lock().acquire("app", acquire("alice")).await.unwrap();
    let lock = stage.counted_lock();
    assert!(lock.acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch());
    alices.release().await.unwrap();
    stage.wire.take_methods();
    lock.acquire("app", acquire("bob")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
}

#[tokio::test]
async fn an_expired_lock_takes_one_write_more_than_a_held_one() {
    let Some(stage) = Stage::new("calls").await else { return };
    stage.annotate(crate::support::KEY, Some(&expired("carol"))).await;
    stage.counted_lock().acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, PATCH, GET, PATCH]);

    let lock = stage.counted_lock();
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
    let lock = stage.counted_lock();
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
        stage
            .counted_lock()
            .acquire("nothing", acquire("alice"))
            .await
            .unwrap_err()
            .is_object_missing()
    );
    assert_eq!(stage.wire.take_methods(), [PATCH, GET]);

    let leases = kube::core::GroupVersionResource::gvr("coordination.k8s.io", "v1", "leases");
    let cold = || {
        let config = Config { client: stage.wire.client(), gvr: leases.clone() };
        let locks = KubeLock::new(config).unwrap().with_clock(Arc::new(Skewed(60)));
        locks.lock("deploy").unwrap().namespace(&stage.namespace).unwrap()
    };
    let lock = cold();
    let making = |owner| AcquireOptions { create_lease: true, ..acquire(owner) };
    let acquired = lock.acquire("deploy", making("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, POST]);
    assert!(lock.acquire("deploy", making("bob")).await.unwrap_err().is_owner_mismatch());
    assert_eq!(stage.wire.take_methods(), [PATCH, GET]);
    acquired.release().await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    // The Lease keeps its map of annotations, so a cold process, too, needs one request.
    cold().acquire("deploy", making("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
}

#[tokio::test]
async fn requests_name_their_agent_and_manager_bound_the_servers_time_and_ask_for_metadata_alone() {
    let Some(stage) = Stage::new("calls").await else { return };
    let options = acquire("alice");
    let lock = stage.counted_lock();
    lock.acquire("app", options.clone()).await.unwrap();
    lock.release("app", release("alice")).await.unwrap();
    for Sent { method, uri, headers, .. } in stage.wire.take_sent() {
        let header = |name: &str| headers[name].to_str().unwrap();
        assert!(header("user-agent").starts_with("kubelock/"), "{headers:?}");
        assert!(header("accept").starts_with("application/json;as=PartialObjectMetadata"));
        assert_eq!(uri.contains("fieldManager=kubelock"), method == PATCH, "{uri}");
        let millis = uri.split("timeout=").nth(1).unwrap().split("ms").next().unwrap();
        assert!(Duration::from_millis(millis.parse().unwrap()) <= options.deadline, "{uri}");
    }
}
