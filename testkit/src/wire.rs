//! A wire between a client and the API server that counts requests and spoils some.
//!
//! It sits below kube's own retries, so what is counted is what was sent.

mod body;
mod fault;
mod link;
mod refused;

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use kube::client::retry::RetryPolicy;
use tower::{BoxError, ServiceBuilder};

use body::{Carried, carried};
pub use fault::{Fault, Reply};
use link::{Exchange, Link, Way};
pub use refused::refused;

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

impl Sent {
    /// True for a watch, whose answer goes on and on.
    pub fn is_watch(&self) -> bool {
        is_watch(&self.uri)
    }

    /// The method; `WATCH` for a watch.
    pub fn verb(&self) -> Method {
        if self.is_watch() { watch_method() } else { self.method.clone() }
    }
}

/// The wire. Clones share its log and its faults.
#[derive(Clone)]
pub struct Wire {
    server: Client,
    link: Link,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    sent: Vec<Sent>,
    /// How many were taken out of the log.
    taken: usize,
    writes: VecDeque<Fault>,
    reads: VecDeque<Fault>,
    watches: VecDeque<Fault>,
}

impl Wire {
    /// A wire to where `server` goes.
    pub fn new(server: Client) -> Self {
        Self { server, link: Link::new(), state: Arc::default() }
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

    /// Spoils the next reads so, one each; all later ones are carried. Watches are no reads.
    pub fn spoil_reads(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().reads = faults.into_iter().collect();
    }

    /// Spoils the next watches so, one each; all later ones are carried.
    pub fn spoil_watches(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().watches = faults.into_iter().collect();
    }

    /// While down, no connection comes about: requests are refused and never sent.
    ///
    /// What is on its way goes on; [`Self::cut_now`] ends that. Faults wait for better days.
    pub fn down(&self, is_down: bool) {
        self.link.set_down(is_down);
    }

    /// While a black hole, nothing passes: requests never arrive, then or later, and answers
    /// and watches on their way wait until it is none.
    pub fn blackhole(&self, is_black_hole: bool) {
        self.link.set_black_hole(is_black_hole);
    }

    /// Breaks the connections of all exchanges on their way, watches included.
    pub fn cut_now(&self) {
        self.link.cut();
    }

    /// The methods of all requests since the last call, in order; `WATCH` for watches.
    pub fn take_methods(&self) -> Vec<Method> {
        self.take_sent().iter().map(Sent::verb).collect()
    }

    /// All requests since the last call, in order.
    pub fn take_sent(&self) -> Vec<Sent> {
        let mut state = self.state();
        state.taken += state.sent.len();
        std::mem::take(&mut state.sent)
    }

    async fn carry(self, request: Request<Body>) -> Result<Response<Carried>, BoxError> {
        let (parts, body) = request.into_parts();
        let body = body.collect_bytes().await?.to_vec();
        let way = self.link.way();
        let (index, fault) = self.log(&parts, &body, way);
        let request = Outgoing { wire: self.clone(), parts, body, index };
        let exchange = self.link.exchange();
        let mut until_cut = exchange.clone();
        let answer = tokio::select! {
            biased;
            answer = request.meet(way, &fault, exchange.clone()) => answer?,
            () = until_cut.cut() => return Err(cut()),
        };
        let (parts, body) = answer.into_parts();
        Ok(Response::from_parts(parts, carried(body, exchange, &fault)))
    }

    /// Notes a request; what it meets on the way is used up only if it gets on its way.
    fn log(&self, parts: &Parts, body: &[u8], way: Way) -> (usize, Fault) {
        let sent = Sent {
            method: parts.method.clone(),
            uri: parts.uri.to_string(),
            headers: parts.headers.clone(),
            body: body.to_vec(),
            status: None,
        };
        let mut state = self.state();
        let faults = match sent.verb() {
            _ if sent.is_watch() => &mut state.watches,
            Method::GET => &mut state.reads,
            _ => &mut state.writes,
        };
        let fault = if way == Way::Open { faults.pop_front() } else { None };
        state.sent.push(sent);
        (state.taken + state.sent.len() - 1, fault.unwrap_or(Fault::None))
    }

    fn answered(&self, index: usize, status: StatusCode) {
        let mut state = self.state();
        let place = index.checked_sub(state.taken);
        if let Some(sent) = place.and_then(|place| state.sent.get_mut(place)) {
            sent.status = Some(status);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request on its way.
struct Outgoing {
    wire: Wire,
    parts: Parts,
    body: Vec<u8>,
    /// Its number, of all that were ever sent.
    index: usize,
}

impl Outgoing {
    async fn meet(
        self,
        way: Way,
        fault: &Fault,
        mut exchange: Exchange,
    ) -> Result<Response<Body>, BoxError> {
        match way {
            Way::Refused => return Err(refused().await),
            Way::Lost => return pending().await,
            Way::Open => {}
        }
        let answer = match fault {
            Fault::CutBefore => Err(cut()),
            Fault::Refuse => Err(refused().await),
            Fault::Hang => pending().await,
            Fault::Answer(reply) => reply.response(),
            Fault::ArriveLate(delay) => {
                let delay = *delay;
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    self.deliver().await
                });
                Err(cut())
            }
            Fault::None | Fault::EndAfter(_) | Fault::CutAfter(_) | Fault::Silent => {
                self.deliver().await
            }
            Fault::LoseReply => self.deliver().await.and(Err(cut())),
            Fault::HangAfter => {
                self.deliver().await?;
                pending().await
            }
            Fault::AnswerAfter(reply) => {
                self.deliver().await?;
                reply.response()
            }
        };
        exchange.passes().await;
        answer
    }

    async fn deliver(self) -> Result<Response<Body>, BoxError> {
        let request = Request::from_parts(self.parts, Body::from(self.body));
        let answer = self.wire.server.send(request).await?;
        self.wire.answered(self.index, answer.status());
        Ok(answer)
    }
}

fn is_watch(uri: &str) -> bool {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|pair| pair == "watch=true" || pair == "watch=1")
}

fn watch_method() -> Method {
    Method::from_bytes(b"WATCH").unwrap_or_default()
}

fn cut() -> BoxError {
    std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()
}
