use http::request::Builder;
use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::Value;

use super::Answer;

/// A request to be.
pub struct Question {
    client: Client,
    request: Builder,
    body: Vec<u8>,
}

impl Question {
    pub fn new(client: Client, method: &str, path: &str) -> Self {
        Self { client, request: Request::builder().method(method).uri(path), body: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        // One of a kind: a builder would add a second.
        if let Some(headers) = self.request.headers_mut() {
            headers.remove(name);
        }
        // As `&str` it could be ASCII alone.
        self.request = self.request.header(name, value.as_bytes());
        self
    }

    pub fn content_type(self, value: &str) -> Self {
        self.header("content-type", value)
    }

    pub fn accept(self, value: &str) -> Self {
        self.header("accept", value)
    }

    /// Asked by somebody who may do nothing that was not granted.
    pub fn by_user(self, name: &str) -> Self {
        self.header("impersonate-user", name)
    }

    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.content_type("application/json").body(body.to_string().as_bytes())
    }

    /// Operations as they are spelt.
    pub fn json_patch(self, operations: &str) -> Self {
        self.content_type("application/json-patch+json").body(operations.as_bytes())
    }

    pub async fn send(self) -> Answer {
        self.try_send().await.unwrap()
    }

    /// An error where the server closes the connection instead of answering.
    pub async fn try_send(self) -> kube::Result<Answer> {
        let (parts, body) = self.try_response().await?.into_parts();
        let body = body.collect_bytes().await?.to_vec();
        Ok(Answer::new(parts.status.as_u16(), parts.headers, body))
    }

    /// The answer, with a body that may go on.
    pub async fn response(self) -> Response<Body> {
        self.try_response().await.unwrap()
    }

    async fn try_response(self) -> kube::Result<Response<Body>> {
        let request = self.request.body(Body::from(self.body)).unwrap();
        self.client.send(request).await
    }
}
