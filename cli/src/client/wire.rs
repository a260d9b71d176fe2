//! The outermost layer: names this program to the server, and tells what was called.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use http::header::USER_AGENT;
use http::{HeaderValue, Request, Response};
use tower::{Layer, Service};

use super::reach::Reach;
use crate::output::talk;

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("kubelock/", env!("CARGO_PKG_VERSION")));

/// Adds [`Wire`].
#[derive(Clone)]
pub(super) struct WireLayer {
    pub(super) verbose: bool,
    pub(super) reach: Reach,
}

impl<S> Layer<S> for WireLayer {
    type Service = Wire<S>;

    fn layer(&self, inner: S) -> Wire<S> {
        Wire { inner, verbose: self.verbose, reach: self.reach.clone() }
    }
}

/// Writes method, path, status and time of each request; never a header or a body.
pub(super) struct Wire<S> {
    inner: S,
    verbose: bool,
    reach: Reach,
}

/// One request under way; told of when it ends, also when it is given up.
struct Call {
    called: String,
    start: Instant,
    end: &'static str,
    status: Option<u16>,
}

impl Call {
    fn new<B>(request: &Request<B>) -> Self {
        let called = format!("{} {}", request.method(), request.uri().path());
        Self { called, start: Instant::now(), end: "given up", status: None }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let end = self.status.map_or_else(|| self.end.to_owned(), |status| status.to_string());
        talk::request(&self.called, &end, self.start.elapsed());
    }
}

impl<S, B, R> Service<Request<B>> for Wire<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        request.headers_mut().insert(USER_AGENT, AGENT);
        self.reach.note(&request);
        let mut call = self.verbose.then(|| Call::new(&request));
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            if let Some(call) = &mut call {
                call.end = "no answer";
                call.status = answer.as_ref().map(|answer| answer.status().as_u16()).ok();
            }
            answer
        })
    }
}
