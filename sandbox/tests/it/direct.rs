//! What a test does to its sandbox without asking: objects, time, history, kinds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use ::sandbox::{Kind, Sandbox};
use serde_json::json;

use crate::stage::{Heard, Stage};

const APP: &str = "/api/v1/namespaces/default/configmaps/app";
const CONFIGMAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn stage(sandbox: &Sandbox) -> Stage {
    Stage::on_sandbox(sandbox, "direct").await
}

#[tokio::test(start_paused = true)]
async fn what_is_put_is_served_and_what_is_removed_is_gone_whatever_its_finalizers() {
    let sandbox = Sandbox::new();
    let stage = stage(&sandbox).await;
    let object = json!({ "metadata": { "finalizers": ["example.org/a"] }, "data": { "a": "1" } });
    let put = sandbox.put(APP, object).unwrap();
    assert_eq!(stage.read(APP).await, put);
    assert_eq!(stage.delete(APP).await.ok()["metadata"]["finalizers"], json!(["example.org/a"]));
    sandbox.remove(APP).unwrap();
    stage.get(APP).await.not_found("configmaps", "app");
    assert_eq!(sandbox.get(APP), None);
}

#[tokio::test(start_paused = true)]
async fn watches_tell_what_was_done_without_asking() {
    let sandbox = Sandbox::new();
    let stage = stage(&sandbox).await;
    let from = sandbox.resource_version();
    let mut watch = stage.watch(&format!("{CONFIGMAPS}?resourceVersion={from}")).await;
    sandbox.put(APP, json!({ "data": { "a": "1" } })).unwrap();
    assert_eq!(watch.words().await, "MODIFIED app");
    sandbox.remove(APP).unwrap();
    assert_eq!(watch.words().await, "DELETED app");
    sandbox.put(APP, json!({})).unwrap();
    assert_eq!(watch.words().await, "ADDED app");
}

#[tokio::test(start_paused = true)]
async fn a_watch_from_before_a_compaction_has_expired() {
    let sandbox = Sandbox::new();
    let stage = stage(&sandbox).await;
    let from = sandbox.resource_version();
    sandbox.put(APP, json!({ "data": { "a": "1" } })).unwrap();
    sandbox.compact();
    let mut watch = stage.watch(&format!("{CONFIGMAPS}?resourceVersion={from}")).await;
    assert_eq!((watch.code, watch.words().await.as_str()), (200, "ERROR Expired"));
    assert_eq!(watch.next().await, Heard::End);
    let from = sandbox.resource_version();
    let mut watch = stage.watch(&format!("{CONFIGMAPS}?resourceVersion={from}")).await;
    sandbox.put(APP, json!({ "data": { "a": "2" } })).unwrap();
    assert_eq!(watch.words().await, "MODIFIED app");
}

#[tokio::test(start_paused = true)]
async fn an_open_watch_outlives_a_compaction() {
    let sandbox = Sandbox::new();
    let stage = stage(&sandbox).await;
    let from = sandbox.resource_version();
    let mut watch = stage.watch(&format!("{CONFIGMAPS}?resourceVersion={from}")).await;
    sandbox.put(APP, json!({ "data": { "a": "1" } })).unwrap();
    assert_eq!(watch.words().await, "MODIFIED app");
    sandbox.compact();
    sandbox.put(APP, json!({ "data": { "a": "2" } })).unwrap();
    assert_eq!(watch.words().await, "MODIFIED app");
}

#[tokio::test(start_paused = true)]
async fn pages_from_before_a_compaction_have_expired() {
    let sandbox = Sandbox::new();
    let stage = stage(&sandbox).await;
    for name in ["a", "b", "c"] {
        sandbox.put(&format!("{CONFIGMAPS}/{name}"), json!({})).unwrap();
    }
    let first = stage.read(&format!("{CONFIGMAPS}?limit=1")).await;
    sandbox.put(APP, json!({ "data": { "a": "1" } })).unwrap();
    sandbox.compact();
    let token = first["metadata"]["continue"].as_str().unwrap();
    let answer = stage.get(&format!("{CONFIGMAPS}?limit=1&continue={token}")).await;
    assert_eq!((answer.code, &answer.json["reason"]), (410, &json!("Expired")));
}

#[tokio::test(start_paused = true)]
async fn dates_and_times_are_those_of_the_clock() {
    let seconds = Arc::new(AtomicU64::new(1_000_000_000));
    let clock = {
        let seconds = Arc::clone(&seconds);
        move || SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::Relaxed))
    };
    let sandbox = Sandbox::with_clock(clock);
    let stage = stage(&sandbox).await;
    let created = stage.create_named("configmaps/first").await;
    assert_eq!(created["metadata"]["creationTimestamp"], "2001-09-09T01:46:40Z");
    assert_eq!(stage.get("configmaps/first").await.header("date"), "Sun, 09 Sep 2001 01:46:40 GMT");
    seconds.fetch_sub(1, Ordering::Relaxed);
    let created = stage.create_named("configmaps/second").await;
    assert_eq!(created["metadata"]["creationTimestamp"], "2001-09-09T01:46:39Z");
}

#[tokio::test(start_paused = true)]
async fn a_declared_kind_is_served_without_a_definition() {
    let sandbox = Sandbox::new();
    sandbox.declare(Kind::custom("example.org", "v1", "Thing", "things").with_status());
    let stage = stage(&sandbox).await;
    let things = format!("/apis/example.org/v1/namespaces/{}/things", stage.namespace());
    let thing = json!({
        "apiVersion": "example.org/v1",
        "kind": "Thing",
        "metadata": { "name": "app" },
        "spec": { "a": 1 },
    });
    let created = stage.post(&things, &thing).await.created();
    assert_eq!(created["spec"], json!({ "a": 1 }));
    let status = json!({ "status": { "b": 1 } });
    let patched = stage.merge_patch(&format!("{things}/app/status"), &status).await.ok();
    assert_eq!(patched["status"], json!({ "b": 1 }));
}

#[tokio::test(start_paused = true)]
async fn the_same_calls_make_the_same_objects() {
    let made = async || {
        let clock = || SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let stage = stage(&Sandbox::with_clock(clock)).await;
        stage.create("configmaps", json!({ "metadata": { "generateName": "app-" } })).await
    };
    assert_eq!(made().await, made().await);
}

#[tokio::test(start_paused = true)]
async fn clones_are_the_same_server_and_others_are_not() {
    let sandbox = Sandbox::new();
    let clone = sandbox.clone();
    let put = clone.put(APP, json!({ "data": { "a": "1" } })).unwrap();
    assert_eq!(sandbox.get(APP), Some(put.clone()));
    assert_ne!(Sandbox::new().get(APP), Some(put));
}
