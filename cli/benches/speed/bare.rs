//! The yardstick: two JSON Patches by the same HTTP client, with nothing around them.

use http::{Method, Request, header};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;

const KEY: &str = "/metadata/annotations/kubelock.giantswarm.io~1bare";
const VALUE: &str = r#"{\"owner\":\"bench\",\"createdAt\":\"2026-01-01T00:00:00.123456789Z\",\"ttl\":300000000000}"#;

/// Sets an annotation and removes it again, each under a `test`.
pub async fn pair(client: &Client, namespace: &str) {
    let add = format!(
        r#"[{{"op":"test","path":"{KEY}","value":null}},{{"op":"add","path":"{KEY}","value":"{VALUE}"}}]"#
    );
    let remove = format!(
        r#"[{{"op":"test","path":"{KEY}","value":"{VALUE}"}},{{"op":"remove","path":"{KEY}"}}]"#
    );
    patch(client, namespace, add).await;
    patch(client, namespace, remove).await;
}

async fn patch(client: &Client, namespace: &str, body: String) {
    let request = Request::builder()
        .method(Method::PATCH)
        .uri(format!("/api/v1/namespaces/{namespace}/configmaps/bare?fieldManager=kubelock&fieldValidation=Ignore&timeout=10s"))
        .header(header::ACCEPT, "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json")
        .header(header::CONTENT_TYPE, "application/json-patch+json")
        .body(Body::from(body.into_bytes()))
        .expect("a request");
    let response = client.send(request).await.expect("an answer");
    assert!(response.status().is_success(), "a bare patch was answered {}", response.status());
    response.into_body().collect().await.expect("a body");
}
