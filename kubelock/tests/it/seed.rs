//! The Go package's integration tests: basic, owner and ttl, on each scope.

use std::time::Duration;

use kube::core::GroupVersionResource;
use kubelock::{AcquireOptions, Config, ExpiryRule, KubeLock, Lock, ReleaseOptions};
use tokio::sync::{Mutex, MutexGuard};

use crate::support::{acquire, by_local_clock, release};

/// The objects are those of the Go package's tests: one test at a time may use them.
static SEED_OBJECTS: Mutex<()> = Mutex::const_new(());

/// A kind of object, and the object that carries the lock.
struct Place {
    gvr: GroupVersionResource,
    namespace: Option<String>,
    object: &'static str,
}

impl Place {
    async fn lock(&self, name: &str) -> Lock {
        let client = testkit::cluster().unwrap().client().await;
        let lock =
            KubeLock::new(Config { client, gvr: self.gvr.clone() }).unwrap().lock(name).unwrap();
        match &self.namespace {
            Some(namespace) => lock.namespace(namespace).unwrap(),
            None => lock,
        }
    }
}

/// Cluster-scoped, namespaced, and a custom resource of either scope.
async fn places() -> Option<(MutexGuard<'static, ()>, Vec<Place>)> {
    let cluster = testkit::cluster()?;
    cluster.ensure_configmap("kube-system", "kube-proxy").await;
    let (widget_namespace, widget) = cluster.ensure_widget("seed").await;
    cluster.ensure_gadget("seed-gadget").await;
    let places = vec![
        Place {
            gvr: GroupVersionResource::gvr("", "v1", "namespaces"),
            namespace: None,
            object: "default",
        },
        Place {
            gvr: GroupVersionResource::gvr("", "v1", "configmaps"),
            namespace: Some("kube-system".into()),
            object: "kube-proxy",
        },
        Place { gvr: testkit::widgets(), namespace: Some(widget_namespace), object: widget },
        Place { gvr: testkit::gadgets(), namespace: None, object: "seed-gadget" },
    ];
    Some((SEED_OBJECTS.lock().await, places))
}

#[tokio::test]
async fn basic() {
    let Some((_alone, places)) = places().await else { return };
    for place in places {
        let lock = place.lock("test-lock").await;
        lock.acquire(place.object, AcquireOptions::default()).await.unwrap();
        let again = lock.acquire(place.object, AcquireOptions::default()).await.unwrap_err();
        assert!(again.is_already_exists(), "{again}");
        lock.release(place.object, ReleaseOptions::default()).await.unwrap();
        let again = lock.release(place.object, ReleaseOptions::default()).await.unwrap_err();
        assert!(again.is_not_found(), "{again}");
    }
}

#[tokio::test]
async fn owner() {
    let Some((_alone, places)) = places().await else { return };
    for place in places {
        let lock = place.lock("test-lock").await;
        lock.acquire(place.object, acquire("test-owner")).await.unwrap();
        let again = lock.acquire(place.object, acquire("test-owner")).await.unwrap_err();
        assert!(again.is_already_exists(), "{again}");
        for other in ["test-owner-i-am-a-different-owner", ""] {
            let refused = lock.acquire(place.object, acquire(other)).await.unwrap_err();
            assert!(refused.is_owner_mismatch(), "{refused}");
            let refused = lock.release(place.object, release(other)).await.unwrap_err();
            assert!(refused.is_owner_mismatch(), "{refused}");
        }
        lock.release(place.object, release("test-owner")).await.unwrap();
    }
}

#[tokio::test]
async fn ttl_by_the_go_packages_rule() {
    let Some((_alone, places)) = places().await else { return };
    let ttl = Duration::from_millis(100);
    let by_rule = ReleaseOptions { expiry: ExpiryRule::LocalClock, ..Default::default() };
    for place in places {
        let lock = place.lock("test-lock-acquire").await;
        lock.acquire(place.object, by_local_clock("", ttl)).await.unwrap();
        tokio::time::sleep(ttl + Duration::from_millis(10)).await;
        let released = lock.release(place.object, by_rule.clone()).await.unwrap_err();
        assert!(released.is_not_found(), "{released}");
        lock.acquire(place.object, by_local_clock("", Duration::ZERO)).await.unwrap();
        lock.release(place.object, by_rule.clone()).await.unwrap();
    }
}

#[tokio::test]
async fn ttl_by_the_rule_of_both_clocks() {
    let Some((_alone, places)) = places().await else { return };
    let ttl = Duration::from_millis(100);
    for place in places {
        let lock = place.lock("test-lock-both").await;
        let short = AcquireOptions { ttl, ..Default::default() };
        let first = lock.acquire(place.object, short).await.unwrap();
        // Both the stamp and the server's `Date` may be a second off, to the safe side.
        let next = retry_while_held(&lock, place.object).await;
        assert!(next.record().created_at > first.record().expires_at());
        lock.release(place.object, ReleaseOptions::default()).await.unwrap();
    }
}

async fn retry_while_held(lock: &Lock, object: &str) -> kubelock::Acquired {
    for _ in 0..400 {
        match lock.acquire(object, AcquireOptions::default()).await {
            Ok(acquired) => return acquired,
            Err(error) => assert!(error.is_already_exists(), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the lock did not expire within twenty seconds")
}

#[tokio::test]
async fn the_go_packages_own_tests_pass_on_the_control_plane() {
    let Some((_alone, _)) = places().await else { return };
    let kubeconfig = testkit::cluster().unwrap().kubeconfig().to_owned();
    let result =
        tokio::task::spawn_blocking(move || testkit::go::run_seed_integration_tests(&kubeconfig));
    result.await.unwrap().unwrap();
}
