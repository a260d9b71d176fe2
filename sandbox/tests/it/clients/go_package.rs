//! The Go package on the sandbox: its own tests, and the library beside it on the same lock.

use std::time::Duration;

use kube::core::GroupVersionResource;
use kubelock::{AcquireOptions, Config, KubeLock, Lock, ReleaseOptions};
use serde_json::json;
use testkit::seed::{Seed, SeedOutcome, SeedTarget};

use super::reached::Reached;

#[tokio::test]
async fn the_go_packages_own_tests_pass_on_the_sandbox() {
    let reached = Reached::sandbox("go-package").await;
    let kubeconfig = reached.kubeconfig().to_owned();
    let tests =
        tokio::task::spawn_blocking(move || testkit::go::run_seed_integration_tests(&kubeconfig));
    tests.await.unwrap().unwrap();
}

/// What is stored is what the package wrote, to the byte.
#[tokio::test]
async fn the_go_package_keeps_others_out_on_the_sandbox() {
    let reached = Reached::sandbox("go-package").await;
    for program in [testkit::go::seed_v0(), testkit::go::seed_v4()] {
        let mut go = Seed::spawn(&program, Some(reached.kubeconfig())).unwrap();
        let stage = &reached.stage;
        for (resource, target) in targets(stage.namespace()) {
            let object = format!("{resource}/{}", target.object);
            stage.create_named(&object).await;
            assert_eq!(go.acquire(&target, "alice", Duration::ZERO), SeedOutcome::Ok);
            assert_eq!(go.acquire(&target, "alice", Duration::ZERO), SeedOutcome::AlreadyExists);
            assert_eq!(go.acquire(&target, "bob", Duration::ZERO), SeedOutcome::OwnerMismatch);
            let annotations = stage.read(&object).await["metadata"]["annotations"].clone();
            let record = annotations["kubelock.giantswarm.io/deploy"].as_str().unwrap();
            assert!(record.starts_with(r#"{"owner":"alice","createdAt":""#), "{record}");
            assert_eq!(go.release(&target, "bob"), SeedOutcome::OwnerMismatch);
            assert_eq!(go.release(&target, "alice"), SeedOutcome::Ok);
            assert_eq!(go.release(&target, "alice"), SeedOutcome::NotFound);
            assert_eq!(stage.read(&object).await["metadata"].get("annotations"), None);
            stage.delete(&object).await.ok();
            assert_eq!(go.acquire(&target, "alice", Duration::ZERO), SeedOutcome::ObjectMissing);
        }
    }
}

#[tokio::test]
async fn go_and_rust_exclude_each_other_on_the_sandbox() {
    let reached = Reached::sandbox("go-package").await;
    reached.stage.create_named("configmaps/app").await;
    let lock = lock(&reached);
    let target = SeedTarget::config_map(reached.stage.namespace(), "app", "deploy");
    for program in [testkit::go::seed_v0(), testkit::go::seed_v4()] {
        let mut go = Seed::spawn(&program, Some(reached.kubeconfig())).unwrap();
        lock.acquire("app", acquire("rust")).await.unwrap();
        assert_eq!(go.acquire(&target, "rust", Duration::ZERO), SeedOutcome::AlreadyExists);
        assert_eq!(go.acquire(&target, "go", Duration::ZERO), SeedOutcome::OwnerMismatch);
        assert_eq!(go.release(&target, "rust"), SeedOutcome::Ok);
        assert!(lock.release("app", release("rust")).await.unwrap_err().is_not_found());

        assert_eq!(go.acquire(&target, "go", Duration::ZERO), SeedOutcome::Ok);
        let refused = lock.acquire("app", acquire("rust")).await.unwrap_err();
        assert!(refused.is_owner_mismatch(), "{refused}");
        lock.release("app", release("go")).await.unwrap();
        assert_eq!(go.release(&target, "go"), SeedOutcome::NotFound);
    }
}

fn lock(reached: &Reached) -> Lock {
    let gvr = GroupVersionResource::gvr("", "v1", "configmaps");
    let locks = KubeLock::new(Config { client: reached.stage.client(), gvr }).unwrap();
    locks.lock("deploy").unwrap().namespace(reached.stage.namespace()).unwrap()
}

fn acquire(owner: &str) -> AcquireOptions {
    AcquireOptions { owner: owner.into(), ..Default::default() }
}

fn release(owner: &str) -> ReleaseOptions {
    ReleaseOptions { owner: owner.into(), ..Default::default() }
}

#[tokio::test]
async fn a_malformed_record_is_told_by_the_go_package_on_the_sandbox() {
    let reached = Reached::sandbox("go-package").await;
    let annotations = json!({ "kubelock.giantswarm.io/deploy": "nonsense" });
    let metadata = json!({ "name": "app", "annotations": annotations });
    reached.stage.create("configmaps", json!({ "metadata": metadata })).await;
    let mut go = Seed::spawn(&testkit::go::seed_v0(), Some(reached.kubeconfig())).unwrap();
    let target = SeedTarget::config_map(reached.stage.namespace(), "app", "deploy");
    assert_eq!(go.acquire(&target, "alice", Duration::ZERO), SeedOutcome::Malformed);
}

/// A configmap, a Lease and a custom object of the cluster.
fn targets(namespace: &str) -> [(&'static str, SeedTarget); 3] {
    let config_map = SeedTarget::config_map(namespace, "app", "deploy");
    let lease = SeedTarget {
        group: "coordination.k8s.io".into(),
        resource: "leases".into(),
        ..config_map.clone()
    };
    let gadget = SeedTarget {
        group: "kubelock-test.example.org".into(),
        resource: "gadgets".into(),
        namespace: String::new(),
        ..config_map.clone()
    };
    [("configmaps", config_map), ("leases", lease), ("gadgets", gadget)]
}
