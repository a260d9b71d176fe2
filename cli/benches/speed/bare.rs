//! The yardstick: JSON Patches by the same HTTP client, with nothing around them.

use std::pin::pin;

use futures_util::TryStreamExt;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::client::Body;
use kube::core::{PartialObjectMeta, WatchEvent};

const KEY: &str = "/metadata/annotations/kubelock.giantswarm.io~1bare";
const ANNOTATION: &str = "kubelock.giantswarm.io/bare";
const VALUE: &str = r#"{\"owner\":\"bench\",\"createdAt\":\"2026-01-01T00:00:00.123456789Z\",\"ttl\":300000000000}"#;
const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

/// One annotation on one configmap.
#[derive(Clone)]
pub struct Bare {
    pub client: Client,
    pub namespace: String,
    pub object: &'static str,
}

impl Bare {
    /// Sets the annotation and removes it again, each under a `test`.
    pub async fn pair(&self) {
        self.add().await;
        self.remove().await;
    }

    pub async fn add(&self) {
        self.patch(format!(
            r#"[{{"op":"test","path":"{KEY}","value":null}},{{"op":"add","path":"{KEY}","value":"{VALUE}"}}]"#
        ))
        .await;
    }

    /// Replaces the value of turn `turn - 1` by that of `turn`; [`Self::add`] is turn zero.
    pub async fn replace(&self, turn: u32) {
        let value = |turn: u32| if turn == 0 { VALUE.to_owned() } else { numbered(turn) };
        let (old, new) = (value(turn - 1), value(turn));
        self.patch(format!(
            r#"[{{"op":"test","path":"{KEY}","value":"{old}"}},{{"op":"replace","path":"{KEY}","value":"{new}"}}]"#
        ))
        .await;
    }

    pub async fn remove(&self) {
        self.patch(format!(
            r#"[{{"op":"test","path":"{KEY}","value":"{VALUE}"}},{{"op":"remove","path":"{KEY}"}}]"#
        ))
        .await;
    }

    /// Watches the object from now on. Completes once `opened` was told and the annotation is
    /// gone.
    pub async fn watch_until_removed(&self, opened: impl FnOnce()) {
        let path = format!("/api/v1/namespaces/{}/configmaps", self.namespace);
        let get = Request::get(format!("{path}/{}", self.object)).header(header::ACCEPT, METADATA);
        let get = get.body(Vec::new()).expect("a request");
        let now: PartialObjectMeta<ConfigMap> = self.client.request(get).await.expect("the object");
        let version = now.metadata.resource_version.unwrap_or_default();
        let name = self.object;
        let watch = Request::get(format!(
            "{path}?watch=true&allowWatchBookmarks=true&fieldSelector=metadata.name%3D{name}&resourceVersion={version}&timeoutSeconds=290"
        ));
        let watch = watch.header(header::ACCEPT, METADATA).body(Vec::new()).expect("a request");
        let events = self.client.request_events::<PartialObjectMeta<ConfigMap>>(watch);
        let mut events = pin!(events.await.expect("a watch"));
        opened();
        loop {
            let event = events.try_next().await.expect("an event").expect("no end");
            let WatchEvent::Modified(object) = event else { continue };
            let annotations = object.metadata.annotations.unwrap_or_default();
            if !annotations.contains_key(ANNOTATION) {
                return;
            }
        }
    }

    /// One more connection for the pool, where a watch has the only one.
    pub async fn warm(&self) {
        let Self { namespace, object, .. } = self;
        let get = Request::get(format!("/api/v1/namespaces/{namespace}/configmaps/{object}"));
        let get = get.header(header::ACCEPT, METADATA).body(Vec::new()).expect("a request");
        let _: PartialObjectMeta<ConfigMap> = self.client.request(get).await.expect("the object");
    }

    async fn patch(&self, body: String) {
        let Self { client, namespace, object } = self;
        let request = Request::builder()
            .method(Method::PATCH)
            .uri(format!("/api/v1/namespaces/{namespace}/configmaps/{object}?fieldManager=kubelock&fieldValidation=Ignore&timeout=10s"))
            .header(header::ACCEPT, METADATA)
            .header(header::CONTENT_TYPE, "application/json-patch+json")
            .body(Body::from(body.into_bytes()))
            .expect("a request");
        let response = client.send(request).await.expect("an answer");
        let status = response.status();
        assert!(status.is_success(), "a bare patch was answered {status}");
        response.into_body().collect().await.expect("a body");
    }
}

/// As long as the first value.
fn numbered(turn: u32) -> String {
    VALUE.replace("123456789", &format!("{turn:09}"))
}
