//! A wire between a client and the API server that counts requests and spoils some.
//!
//! It sits below kube's own retries, so what is counted is what was sent.

use std::collections::VecDeque;
use std::future::pending;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use kube::client::retry::RetryPolicy;
use tower::{BoxError, ServiceBuilder};

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing: it arrives and is answered.
    None,
    /// It arrives; the connection is cut before the answer.
    LoseReply,
    /// The connection is cut before it arrives.
    CutBefore,
    /// No connection comes about.
    Refuse,
    /// It never arrives, and no answer comes.
    Hang,
    /// It arrives, and no answer comes.
    HangAfter,
    /// It does not arrive: this answer comes instead.
    Answer(Reply),
    /// It arrives, and this answer comes instead of the server's.
    AnswerAfter(Reply),
    /// The connection is cut, and so much later it arrives all the same.
    ArriveLate(Duration),
}

/// An answer of our making.
#[derive(Debug, Clone)]
pub struct Reply {
    code: u16,
    reason: &'static str,
    retry_after: Option<u64>,
}

impl Reply {
    /// An answer with this status, whose body is a Kubernetes `Status` with this reason.
    pub fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason, retry_after: None }
    }

    /// The same, asking to come back after so many seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    fn response(&self) -> Result<Response<Body>, BoxError> {
        let mut builder =
            Response::builder().status(self.code).header("content-type", "application/json");
        if let Some(seconds) = self.retry_after {
            builder = builder.header("retry-after", seconds);
        }
        let status = serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure",
            "code": self.code, "reason": self.reason, "message": format!("injected {}", self.code),
        });
        Ok(builder.body(Body::from(serde_json::to_vec(&status)?))?)
    }
}

/// One request as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its method.
    pub method: Method,
    /// Its path, with the query.
    pub uri: String,
    /// Its headers, less those that log in.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
    /// The status of the server's own answer, if it arrived and one came.
    pub status: Option<StatusCode>,
}

/// The wire. Clones share its log and its faults.
#[derive(Clone)]
pub struct Wire {
    server: Client,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    sent: Vec<Sent>,
    writes: VecDeque<Fault>,
    reads: VecDeque<Fault>,
}

impl Wire {
    /// A wire to where `server` goes.
    pub fn new(server: Client) -> Self {
        Self { server, state: Arc::default() }
    }

    /// A client that sends each request once.
    pub fn client(&self) -> Client {
        let wire = self.clone();
        let service = tower::service_fn(move |request| wire.clone().carry(request));
        Client::new(service, "default")
    }

    /// A client that repeats requests by itself, as kube's does unless it is told not to.
    pub fn client_with_retries(&self) -> Client {
        let wire = self.clone();
        let service = tower::service_fn(move |request| wire.clone().carry(request));
        let retries = tower::retry::RetryLayer::new(RetryPolicy::server_retry());
        Client::new(ServiceBuilder::new().layer(retries).service(service), "default")
    }

    /// Spoils the next writes so, one each; all later ones are carried.
    pub fn spoil_writes(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().writes = faults.into_iter().collect();
    }

    /// Spoils the next reads so, one each; all later ones are carried.
    pub fn spoil_reads(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().reads = faults.into_iter().collect();
    }

    /// The methods of all requests since the last call, in order.
    pub fn take_methods(&self) -> Vec<Method> {
        self.take_sent().into_iter().map(|sent| sent.method).collect()
    }

    /// All requests since the last call, in order.
    pub fn take_sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.state().sent)
    }

    async fn carry(self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        let (parts, body) = request.into_parts();
        let body = body.collect_bytes().await?.to_vec();
        let (index, fault) = self.log(&parts, &body);
        let deliver = async |wire: &Self| {
            let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
            let answer = wire.server.send(request).await;
            if let Ok(answer) = &answer {
                wire.answered(index, answer.status());
            }
            answer
        };
        match fault {
            Fault::None => Ok(deliver(&self).await?),
            Fault::LoseReply => {
                deliver(&self).await?;
                Err(cut())
            }
            Fault::CutBefore => Err(cut()),
            Fault::Refuse => Ok(nowhere()?.send(Request::from_parts(parts, Body::empty())).await?),
            Fault::Hang => pending().await,
            Fault::HangAfter => {
                deliver(&self).await?;
                pending().await
            }
            Fault::Answer(reply) => reply.response(),
            Fault::AnswerAfter(reply) => {
                deliver(&self).await?;
                reply.response()
            }
            Fault::ArriveLate(delay) => {
                let wire = self.clone();
                let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    if let Ok(answer) = wire.server.send(request).await {
                        wire.answered(index, answer.status());
                    }
                });
                Err(cut())
            }
        }
    }

    fn log(&self, parts: &http::request::Parts, body: &[u8]) -> (usize, Fault) {
        let mut state = self.state();
        let faults = if parts.method == Method::GET { &mut state.reads } else { &mut state.writes };
        let fault = faults.pop_front().unwrap_or(Fault::None);
        let sent = Sent {
            method: parts.method.clone(),
            uri: parts.uri.to_string(),
            headers: parts.headers.clone(),
            body: body.to_vec(),
            status: None,
        };
        state.sent.push(sent);
        (state.sent.len() - 1, fault)
    }

    fn answered(&self, index: usize, status: StatusCode) {
        if let Some(sent) = self.state().sent.get_mut(index) {
            sent.status = Some(status);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client of a port where nobody listens.
fn nowhere() -> Result<Client, BoxError> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut config = kube::Config::new(format!("http://127.0.0.1:{port}").parse()?);
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}

fn cut() -> BoxError {
    std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()
}
