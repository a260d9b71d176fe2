//! Bad input: refused before anything is sent, by a message that names it.

use std::time::Duration;

use kube::core::GroupVersionResource;
use kubelock::{AcquireOptions, Config, Error, KubeLock, ReleaseOptions};

use crate::support::{Stage, acquire, configmaps};

/// Messages, one a line, as a person would read them.
fn messages(errors: impl IntoIterator<Item = Error>) -> String {
    let lines = errors.into_iter().map(|error| {
        assert!(error.is_invalid_config(), "{error}");
        error.to_string()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_kind_without_version_or_resource_is_refused() {
    let Some(stage) = Stage::new("bad").await else { return };
    let kinds = [
        ("", "", "configmaps"),
        ("", "v1", ""),
        ("apps", "v1", "deployments/status"),
        ("a/b", "v1", "x"),
        ("", "v1?", "x"),
    ];
    let errors = kinds.map(|(group, version, resource)| {
        let gvr = GroupVersionResource::gvr(group, version, resource);
        KubeLock::new(Config { client: stage.wire.client(), gvr }).err().unwrap()
    });
    insta::assert_snapshot!(messages(errors));
}

#[tokio::test]
async fn names_that_would_reach_elsewhere_are_refused_and_nothing_is_sent() {
    let Some(stage) = Stage::new("bad").await else { return };
    let kube_lock =
        KubeLock::new(Config { client: stage.wire.client(), gvr: configmaps() }).unwrap();
    let mut errors: Vec<Error> =
        ["", "a/b", "-a", "with space", "ü", &"x".repeat(64), &"y".repeat(100_000)]
            .map(|name| kube_lock.lock(name).err().unwrap())
            .into();
    for prefix in ["", "UPPER.example.org", "a/b", &"p".repeat(254)] {
        errors.push(kube_lock.clone().with_prefix(prefix).err().unwrap());
    }
    for namespace in ["", "Team", "../kube-system", &"n".repeat(64)] {
        errors.push(stage.lock().namespace(namespace).err().unwrap());
    }
    for object in ["", ".", "..", "app/status", "app?dryRun=All", "app#x", "a%2fb", "a\nb"] {
        errors.push(stage.lock().acquire(object, acquire("alice")).await.unwrap_err());
    }
    assert!(stage.wire.take_sent().is_empty());
    insta::assert_snapshot!(messages(errors));
}

#[tokio::test]
async fn options_that_cannot_be_stored_are_refused_and_nothing_is_sent() {
    let Some(stage) = Stage::new("bad").await else { return };
    let lock = stage.lock();
    let bad = [
        AcquireOptions { ttl: Duration::MAX, ..acquire("alice") },
        AcquireOptions { ttl: Duration::from_nanos(1 << 63), ..acquire("alice") },
        AcquireOptions { deadline: Duration::ZERO, ..acquire("alice") },
        AcquireOptions { create_lease: true, ..acquire("alice") },
        acquire("al\0ice"),
        acquire(&"x".repeat(300 * 1024)),
        acquire(&"\u{1}".repeat(50 * 1024)),
    ];
    let mut errors = Vec::new();
    for options in bad {
        errors.push(lock.acquire("app", options).await.unwrap_err());
    }
    let options = ReleaseOptions { owner: "al\0ice".into(), ..Default::default() };
    errors.push(lock.release("app", options).await.unwrap_err());
    assert!(stage.wire.take_sent().is_empty());
    insta::assert_snapshot!(messages(errors));
}

#[tokio::test]
async fn annotations_that_pass_the_limit_together_are_refused_in_the_servers_words() {
    let Some(stage) = Stage::new("bad").await else { return };
    stage.annotate("big", Some(&"b".repeat(200 * 1024))).await;
    let error = stage.lock().acquire("app", acquire(&"x".repeat(100 * 1024))).await.unwrap_err();
    assert!(error.is_refused() && error.to_string().contains("Too long"), "{error}");
    assert_eq!(stage.value().await, None);
}

#[tokio::test]
async fn the_largest_ttl_and_the_shortest_are_stored_and_judged() {
    let Some(stage) = Stage::new("bad").await else { return };
    let lock = stage.lock();
    for ttl in [Duration::from_nanos(i64::MAX.unsigned_abs()), Duration::from_nanos(1)] {
        let acquired =
            lock.acquire("app", AcquireOptions { ttl, ..acquire("alice") }).await.unwrap();
        assert_eq!(u128::from(acquired.record().ttl_nanos.unsigned_abs()), ttl.as_nanos());
        stage.annotate(crate::support::KEY, None).await;
    }
}

#[tokio::test]
async fn a_deadline_without_end_is_one() {
    let Some(stage) = Stage::new("bad").await else { return };
    let endless = AcquireOptions { deadline: Duration::MAX, ..acquire("alice") };
    stage.lock().acquire("app", endless).await.unwrap().release().await.unwrap();
}

#[tokio::test]
async fn a_kind_that_the_server_does_not_know_is_refused_in_its_words() {
    let Some(stage) = Stage::new("bad").await else { return };
    let gvr = GroupVersionResource::gvr("example.org", "v1", "nothings");
    let lock =
        KubeLock::new(Config { client: stage.wire.client(), gvr }).unwrap().lock("l").unwrap();
    let error = lock.acquire("app", acquire("alice")).await.unwrap_err();
    assert!(error.is_refused() && error.to_string().contains("404"), "{error}");
}
