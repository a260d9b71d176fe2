//! Requests as the wire has them, and the lines of a watch.

use std::time::Duration;

use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::Value;
use tokio::time::timeout;

/// No test waits as long for a line.
const PATIENCE: Duration = Duration::from_hours(24);

pub struct Answer {
    pub code: u16,
    pub headers: HeaderMap,
    pub json: Value,
}

pub async fn send(client: &Client, method: &str, uri: &str, body: &Value) -> Answer {
    let content_type = match method {
        "PATCH" if body.is_array() => "application/json-patch+json",
        "PATCH" => "application/merge-patch+json",
        _ => "application/json",
    };
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send_text(client, method, uri, content_type, body).await
}

/// The same for a body whose spelling matters.
pub async fn send_text(
    client: &Client,
    method: &str,
    uri: &str,
    content_type: &str,
    body: String,
) -> Answer {
    let request = Request::builder().method(method).uri(uri).header("content-type", content_type);
    let request = request.body(Body::from(body.into_bytes())).unwrap();
    let (parts, body) = client.send(request).await.unwrap().into_parts();
    let body = body.collect_bytes().await.unwrap();
    let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Answer { code: parts.status.as_u16(), headers: parts.headers, json }
}

pub async fn get(client: &Client, uri: &str) -> Answer {
    send(client, "GET", uri, &Value::Null).await
}

pub async fn patch(client: &Client, uri: &str, body: &Value) -> Answer {
    send(client, "PATCH", uri, body).await
}

/// An open watch.
pub struct Watch {
    pub code: u16,
    body: Body,
    read: Vec<u8>,
}

/// What came of a watch.
#[derive(Debug, PartialEq)]
pub enum Heard {
    Event(Value),
    End,
    Broken,
    Nothing,
}

impl Heard {
    /// The kind of the event, and what it is about.
    pub fn words(&self) -> String {
        let Self::Event(event) = self else { return format!("{self:?}") };
        let object = &event["object"];
        let about = object["metadata"]["name"].as_str().or(object["reason"].as_str());
        format!("{} {}", event["type"].as_str().unwrap(), about.unwrap_or_default())
    }
}

impl Watch {
    pub async fn open(client: &Client, collection: &str, query: &str) -> Self {
        let uri = format!("{collection}?watch=true&{query}");
        let request = Request::get(uri).body(Body::empty()).unwrap();
        let (parts, body) = client.send(request).await.unwrap().into_parts();
        Self { code: parts.status.as_u16(), body, read: Vec::new() }
    }

    /// The next line, or what comes instead.
    pub async fn hear(&mut self) -> Heard {
        self.hear_for(PATIENCE).await
    }

    pub async fn hear_for(&mut self, patience: Duration) -> Heard {
        timeout(patience, self.line()).await.unwrap_or(Heard::Nothing)
    }

    async fn line(&mut self) -> Heard {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Heard::Event(serde_json::from_slice(&line).unwrap());
            }
            match self.body.frame().await {
                Some(Ok(frame)) => self.read.extend(frame.into_data().unwrap()),
                Some(Err(_)) => return Heard::Broken,
                None => return Heard::End,
            }
        }
    }
}
