//! The server as a tower service.

use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Bytes;
use tower::BoxError;

use crate::answer::answer;
use crate::reply::Body;
use crate::request;
use crate::sandbox::Sandbox;

/// Answers requests, as the administrator's unless their extensions carry another
/// [`User`](crate::User).
#[derive(Clone)]
pub struct Service {
    server: Sandbox,
}

impl Service {
    pub(crate) fn new(server: Sandbox) -> Self {
        Self { server }
    }
}

impl<B> tower::Service<Request<B>> for Service
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let server = self.server.clone();
        Box::pin(async move {
            let request = request::Request::read(request).await?;
            let date = server.state().clock.http_date();
            Ok(answer(&server, &request).into_response(&request, &date)?)
        })
    }
}
