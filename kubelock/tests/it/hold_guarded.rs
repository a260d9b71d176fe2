//! Guarded writes on a real API server: applied once, only under the hold, on whatever kind.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{GroupVersionKind, GroupVersionResource};
use kubelock::{Guard, HoldOptions, Loss};
use serde_json::{Value, json};
use testkit::wire::{Fault, Reply, Wire};

use crate::hold_stage::{LONG, hold, locks, operations, until_renewed};
use crate::support::{KEY, PATCH, Stage};

fn long(owner: &str) -> HoldOptions {
    HoldOptions { ttl: LONG, ..hold(owner) }
}

fn set_data(value: &str) -> json_patch::Patch {
    operations(json!([{ "op": "add", "path": "/data", "value": { "by": value } }]))
}

async fn data(stage: &Stage) -> Option<String> {
    let data = stage.configmaps().get("app").await.unwrap().data;
    data.and_then(|mut data| data.remove("by"))
}

#[tokio::test]
async fn a_guarded_write_is_one_request_that_renews_the_hold_as_well() {
    let Some(stage) = Stage::new("guarded").await else { return };
    let guard = stage.counted_lock().hold("app", long("alice")).await.unwrap();
    let before = guard.record();
    stage.wire.take_sent();
    let version = guard.patch(set_data("alice"), None).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    assert_eq!(data(&stage).await.as_deref(), Some("alice"));
    assert_ne!(guard.record().created_at, before.created_at);
    assert_eq!(stage.value().await, Some(guard.record().encode()));
    let object = stage.configmaps().get("app").await.unwrap();
    assert_eq!(object.metadata.resource_version, Some(version));
    guard.release().await.unwrap();
}

#[tokio::test]
async fn what_the_server_does_not_take_is_refused_in_its_words_and_the_hold_goes_on() {
    let Some(stage) = Stage::new("guarded").await else { return };
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    for (wrong, words) in [
        (json!([{ "op": "remove", "path": "/data/none" }]), "rejected our request"),
        (json!([{ "op": "test", "path": "/kind", "value": "Secret" }]), "rejected our request"),
        (json!([{ "op": "add", "path": "/data", "value": { "a": 1 } }]), "cannot unmarshal number"),
        (json!([{ "op": "add", "path": "/data", "value": { "a/b": "" } }]), "a valid config key"),
        (json!([{ "op": "replace", "path": "/metadata/name", "value": "x" }]), "does not match"),
    ] {
        let error = guard.patch(operations(wrong.clone()), None).await.unwrap_err();
        assert!(error.is_refused() && error.to_string().contains(words), "{wrong}: {error}");
        assert!(guard.is_valid(), "{wrong}");
    }
    let error = guard.patch(operations(json!([])), Some("nothing")).await.unwrap_err();
    assert!(error.is_refused(), "{error}");
    until_renewed(&guard).await;
    guard.patch(set_data("alice"), None).await.unwrap();
    assert_eq!(data(&stage).await.as_deref(), Some("alice"));
    guard.release().await.unwrap();
}

#[tokio::test]
async fn the_write_of_a_holder_that_was_displaced_is_refused_and_its_token_is_smaller() {
    let Some(stage) = Stage::new("guarded").await else { return };
    let alices = stage.lock().hold("app", long("alice")).await.unwrap();
    stage.annotate(KEY, None).await;
    let bobs = stage.lock().hold("app", long("bob")).await.unwrap();
    bobs.patch(set_data("bob"), None).await.unwrap();
    assert!(alices.is_valid(), "it does not know yet");

    stage.wire.take_sent();
    let error = alices.patch(set_data("alice"), None).await.unwrap_err();
    assert!(error.is_lost() && error.to_string().contains("bob"), "{error}");
    assert_eq!(stage.wire.take_methods()[0], PATCH, "the server refused it");
    assert_eq!(data(&stage).await.as_deref(), Some("bob"));
    assert!(alices.token() < bobs.token());
    assert!(matches!(alices.lost().await, Loss::Replaced(_)));
    assert!(bobs.is_valid());
    bobs.release().await.unwrap();
}

#[tokio::test]
async fn after_somebody_removed_the_record_nothing_is_written_even_where_nobody_took_the_lock() {
    let Some(stage) = Stage::new("guarded").await else { return };
    let guard = stage.lock().hold("app", long("alice")).await.unwrap();
    stage.annotate(KEY, None).await;
    assert!(guard.patch(set_data("alice"), None).await.unwrap_err().is_lost());
    assert_eq!(data(&stage).await, None);
    assert_eq!(guard.lost().await, Loss::Removed);
}

/// Everything that can befall the first attempt.
fn faults() -> Vec<Fault> {
    vec![
        Fault::LoseReply,
        Fault::CutBefore,
        Fault::Refuse,
        Fault::Hang,
        Fault::HangAfter,
        Fault::Answer(Reply::new(500, "InternalError")),
        Fault::AnswerAfter(Reply::new(500, "InternalError")),
        Fault::AnswerAfter(Reply::new(504, "Timeout")),
        Fault::AnswerAfter(Reply::new(409, "Conflict")),
        Fault::Answer(Reply::new(429, "TooManyRequests").retry_after(1)),
        Fault::ArriveLate(Duration::from_millis(50)),
        Fault::ArriveLate(Duration::from_millis(500)),
    ]
}

fn widget_resource() -> ApiResource {
    let gvr = testkit::widgets();
    let kind = GroupVersionKind::gvk(&gvr.group, &gvr.version, "Widget");
    ApiResource::from_gvk_with_plural(&kind, &gvr.resource)
}

/// A custom object, and locks on it over a wire.
struct Widget {
    objects: Api<DynamicObject>,
    wire: Wire,
    name: &'static str,
    namespace: String,
}

impl Widget {
    async fn new(body: Value) -> Option<Self> {
        let cluster = testkit::cluster()?;
        let (namespace, name) = cluster.ensure_widget("guarded").await;
        let admin = cluster.client().await;
        let objects = Api::namespaced_with(admin.clone(), &namespace, &widget_resource());
        objects.patch(name, &PatchParams::default(), &Patch::Merge(body)).await.unwrap();
        Some(Self { objects, wire: Wire::new(admin), name, namespace })
    }

    async fn hold(&self, options: HoldOptions) -> Guard {
        let locks = locks(&self.wire, testkit::widgets());
        let lock = locks.lock("l").unwrap().namespace(&self.namespace).unwrap();
        lock.hold(self.name, options).await.unwrap()
    }

    async fn get(&self) -> DynamicObject {
        self.objects.get(self.name).await.unwrap()
    }

    async fn record(&self) -> Option<String> {
        self.get().await.metadata.annotations.unwrap_or_default().remove(KEY)
    }
}

#[tokio::test]
async fn whatever_befalls_its_first_attempt_a_guarded_write_is_applied_exactly_once() {
    let Some(widget) = Widget::new(json!({ "spec": { "log": [] } })).await else { return };
    let guard = widget.hold(HoldOptions { ttl: Duration::from_mins(1), ..hold("alice") }).await;
    let mut expected = Vec::new();
    for fault in faults() {
        let entry = format!("{fault:?}");
        widget.wire.spoil_writes([fault.clone()]);
        let append = json!([{ "op": "add", "path": "/spec/log/-", "value": entry }]);
        let told = guard.patch(operations(append), None).await;
        told.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        expected.push(entry);
        if let Fault::ArriveLate(delay) = fault {
            // What is late does arrive, and is refused then.
            tokio::time::sleep(delay + Duration::from_millis(100)).await;
        }
        assert_eq!(widget.get().await.data["spec"]["log"], json!(expected), "{fault:?}");
        assert!(guard.is_valid());
    }
    assert_eq!(widget.record().await, Some(guard.record().encode()));
    guard.release().await.unwrap();
    assert_eq!(widget.record().await, None);
}

fn append_to_status() -> json_patch::Patch {
    operations(json!([{ "op": "add", "path": "/status/log/-", "value": "x" }]))
}

fn set_status() -> json_patch::Patch {
    operations(json!([{ "op": "add", "path": "/status", "value": { "log": [] } }]))
}

#[tokio::test]
async fn the_status_of_a_custom_resource_is_written_under_guard_and_never_twice_but_renews_nothing()
{
    let Some(widget) = Widget::new(json!({ "spec": {} })).await else { return };
    let guard = widget.hold(long("alice")).await;
    let record = guard.record().encode();
    let version = guard.patch(set_status(), Some("status")).await.unwrap();
    assert_eq!(widget.get().await.metadata.resource_version, Some(version));
    guard.patch(append_to_status(), Some("status")).await.unwrap();
    assert_eq!(widget.get().await.data["status"]["log"], json!(["x"]));

    widget.wire.spoil_writes([Fault::LoseReply]);
    let error = guard.patch(append_to_status(), Some("status")).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(widget.get().await.data["status"]["log"], json!(["x", "x"]));
    assert!(guard.is_valid());
    assert_eq!(guard.record().encode(), record);
    assert_eq!(widget.record().await, Some(record), "this kind stores nothing but the status");

    let annotations = json!({ "metadata": { "annotations": { KEY: null } } });
    let params = PatchParams::default();
    widget.objects.patch(widget.name, &params, &Patch::Merge(annotations)).await.unwrap();
    let error = guard.patch(append_to_status(), Some("status")).await.unwrap_err();
    assert!(error.is_lost(), "{error}");
    assert_eq!(widget.get().await.data["status"]["log"], json!(["x", "x"]));
}

#[tokio::test]
async fn a_holder_that_writes_nothing_but_status_all_the_time_is_renewed_all_the_same() {
    let Some(widget) = Widget::new(json!({ "spec": {} })).await else { return };
    let guard = widget.hold(hold("alice")).await;
    let refused = json!([{ "op": "remove", "path": "/status/none" }]);
    let mut renewed = std::collections::HashSet::new();
    while renewed.len() < 4 {
        guard.patch(set_status(), Some("status")).await.unwrap();
        let error = guard.patch(operations(refused.clone()), Some("status")).await.unwrap_err();
        assert!(error.is_refused(), "{error}");
        renewed.insert(guard.record().created_at);
    }
    guard.release().await.unwrap();
}

fn deployment() -> Deployment {
    let labels = json!({ "app": "app" });
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "app", "annotations": { "team": "a" } },
        "spec": {
            "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": { "containers": [{ "name": "c", "image": "i" }] } },
        },
    });
    serde_json::from_value(object).unwrap()
}

fn condition(kind: &str) -> Value {
    json!({ "type": kind, "status": "True" })
}

#[tokio::test]
async fn the_status_of_a_deployment_is_written_together_with_the_renewal_and_once() {
    let Some(stage) = Stage::new("guarded").await else { return };
    let objects: Api<Deployment> = Api::namespaced(stage.admin.clone(), &stage.namespace);
    objects.create(&PostParams::default(), &deployment()).await.unwrap();
    let gvr = GroupVersionResource::gvr("apps", "v1", "deployments");
    let lock = stage.lock_of(&locks(&stage.wire, gvr));
    let guard = lock
        .hold("app", HoldOptions { ttl: Duration::from_mins(1), ..hold("alice") })
        .await
        .unwrap();
    let before = guard.record();
    let first =
        json!([{ "op": "add", "path": "/status/conditions", "value": [condition("first")] }]);
    guard.patch(operations(first), Some("status")).await.unwrap();
    assert_ne!(guard.record().created_at, before.created_at, "it renews as well");

    let mut expected = vec!["first".to_owned()];
    for fault in faults() {
        let kind = format!("t{}", expected.len());
        stage.wire.spoil_writes([fault.clone()]);
        let append =
            json!([{ "op": "add", "path": "/status/conditions/-", "value": condition(&kind) }]);
        guard.patch(operations(append), Some("status")).await.unwrap();
        expected.push(kind);
        let object = objects.get("app").await.unwrap();
        let conditions = object.status.unwrap_or_default().conditions.unwrap_or_default();
        let kinds: Vec<_> =
            conditions.into_iter().filter_map(|condition| condition.type_).collect();
        assert_eq!(kinds, expected, "{fault:?}");
    }
    let object = objects.get("app").await.unwrap();
    let stored = object.metadata.annotations.unwrap_or_default().remove(KEY);
    assert_eq!(stored, Some(guard.record().encode()));
    guard.release().await.unwrap();
}

#[tokio::test]
async fn the_status_of_a_pod_is_written_under_guard_but_not_by_who_was_displaced() {
    let Some(stage) = Stage::new("guarded").await else { return };
    let objects: Api<Pod> = Api::namespaced(stage.admin.clone(), &stage.namespace);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "app" },
        "spec": { "containers": [{ "name": "c", "image": "i" }] },
    });
    objects.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    let lock = stage.lock_of(&locks(&stage.wire, GroupVersionResource::gvr("", "v1", "pods")));
    let message =
        |text: &str| operations(json!([{ "op": "add", "path": "/status/message", "value": text }]));
    let alices = lock.hold("app", long("alice")).await.unwrap();
    alices.patch(message("alice"), Some("status")).await.unwrap();
    let annotations = json!({ "metadata": { "annotations": { KEY: null } } });
    objects.patch("app", &PatchParams::default(), &Patch::Merge(annotations)).await.unwrap();
    let bobs = lock.hold("app", long("bob")).await.unwrap();
    assert!(alices.patch(message("alice again"), Some("status")).await.unwrap_err().is_lost());
    let status = objects.get("app").await.unwrap().status.unwrap_or_default();
    assert_eq!(status.message.as_deref(), Some("alice"));
    assert!(bobs.token() > alices.token());
    bobs.release().await.unwrap();
}
