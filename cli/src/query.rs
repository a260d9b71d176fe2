//! One request that is no lock's, and what its answer tells, the server's time included.

use std::time::SystemTime;

use http::header::{ACCEPT, CONTENT_TYPE, DATE};
use http::{HeaderMap, Request, Response, StatusCode};
use kube::client::Body;
use kubelock::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::Connection;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::sentence;

/// What is asked.
pub(crate) struct Query {
    path: String,
    accept: &'static str,
    /// Makes it a POST.
    body: Option<serde_json::Value>,
}

/// What came back.
pub(crate) struct Reply<T> {
    /// The answer, or the refusal of the server.
    pub(crate) answer: Result<T, Refusal>,
    /// When the server says it was, if it does.
    pub(crate) glimpse: Option<Glimpse>,
}

/// Why the server did not do it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) message: String,
}

impl Refusal {
    /// `503 Service Unavailable: etcd is away`.
    pub(crate) fn words(&self) -> String {
        let Self { code, message } = self;
        let code = StatusCode::from_u16(*code).map_or(code.to_string(), |code| code.to_string());
        if *message == code { code } else { format!("{code}: {message}") }
    }

    /// Whether the server fails, or is too busy: it may do it another time.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self.code, 429 | 500..)
    }
}

/// The server's clock, seen between two readings of this machine's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Glimpse {
    /// Cut to seconds.
    pub(crate) date: Timestamp,
    pub(crate) sent_at: Timestamp,
    pub(crate) answered_at: Timestamp,
}

impl Query {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { path: path.into(), accept: "application/json", body: None }
    }

    pub(crate) fn post(path: impl Into<String>, body: serde_json::Value) -> Self {
        Self { body: Some(body), ..Self::get(path) }
    }

    /// Asks for this form of the answer.
    pub(crate) fn accepting(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Sends it, once. An answer of any status is one; no answer is a failure.
    pub(crate) async fn send<T: DeserializeOwned>(
        self,
        connection: &Connection,
        deadline: Deadline,
    ) -> Result<Reply<T>, Failure> {
        let request = self.request()?;
        let endpoint = &connection.endpoint;
        let sent_at = now();
        let exchange = async {
            let response = connection.client.send(request).await?;
            collected(response).await
        };
        let response = deadline
            .bound(exchange)
            .await
            .map_err(|_| sentence::too_slow(endpoint, deadline))?
            .map_err(|error| sentence::unanswered(&error, endpoint))?;
        let glimpse =
            date(response.headers()).map(|date| Glimpse { date, sent_at, answered_at: now() });
        let answer = understood(&response).map_err(|_| sentence::unreadable(endpoint))?;
        Ok(Reply { answer, glimpse })
    }

    fn request(&self) -> Result<Request<Body>, Failure> {
        let unsendable = |error: &dyn std::error::Error| {
            Failure::usage(format!("cannot ask for {}: {error}", self.path))
        };
        let request = Request::builder().uri(&self.path).header(ACCEPT, self.accept);
        let request = match &self.body {
            None => request.body(Body::empty()),
            Some(body) => {
                let body = serde_json::to_vec(body).map_err(|error| unsendable(&error))?;
                request
                    .method("POST")
                    .header(CONTENT_TYPE, "application/json")
                    .body(Body::from(body))
            }
        };
        request.map_err(|error| unsendable(&error))
    }
}

async fn collected(response: Response<Body>) -> Result<Response<Vec<u8>>, kube::Error> {
    let (parts, body) = response.into_parts();
    let body = body.collect_bytes().await?;
    Ok(Response::from_parts(parts, body.to_vec()))
}

fn understood<T: DeserializeOwned>(
    response: &Response<Vec<u8>>,
) -> serde_json::Result<Result<T, Refusal>> {
    if response.status().is_success() {
        return serde_json::from_slice(response.body()).map(Ok);
    }
    // Proxies refuse in words of their own.
    let refusal: Refusal = serde_json::from_slice(response.body()).unwrap_or_default();
    let status = response.status();
    let message = if refusal.message.is_empty() { status.to_string() } else { refusal.message };
    Ok(Err(Refusal { code: status.as_u16(), message }))
}

/// When the server says that it answered.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    httpdate::parse_http_date(text).ok().map(Timestamp::from)
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}
