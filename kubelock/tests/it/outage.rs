//! The API server goes away and comes back.

use kube::core::GroupVersionResource;
use kubelock::{Config, KubeLock, Lock};
use testkit::ControlPlane;

use crate::support::{acquire, hasty, release};

async fn lock(control_plane: &ControlPlane) -> Lock {
    let client = control_plane.client().await.unwrap();
    let gvr = GroupVersionResource::gvr("", "v1", "namespaces");
    let locks = KubeLock::new(Config { client, gvr }).unwrap().with_client_that_sends_once();
    locks.lock("l").unwrap()
}

#[tokio::test]
async fn a_lock_outlives_its_api_server_and_calls_meanwhile_are_told_that_nothing_was_written() {
    let Some(control_plane) = testkit::control_plane() else { return };
    let lock = lock(&control_plane).await;
    let object = "default";
    let acquired = lock.acquire(object, acquire("alice")).await.unwrap();

    control_plane.kill_api_server().unwrap();
    let error = lock.acquire(object, hasty("bob")).await.unwrap_err();
    assert!(error.is_unavailable() || error.is_outcome_unknown(), "{error}");
    let error = lock.acquire(object, hasty("bob")).await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");

    control_plane.start_api_server().unwrap();
    control_plane.wait_ready().unwrap();
    assert!(lock.acquire(object, acquire("bob")).await.unwrap_err().is_owner_mismatch());
    acquired.release().await.unwrap();
    assert!(lock.release(object, release("alice")).await.unwrap_err().is_not_found());
}
