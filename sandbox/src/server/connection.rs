//! One client's connection: TLS, then one request after the other.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::{BoxError, ServiceExt};

use super::until_end::UntilEnd;
use crate::{Sandbox, Status};

/// A client that takes longer for its greeting is none.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection that asks nothing for so long is closed. Clients drop theirs after 90 s: one
/// that the server closed could be in use again already.
const IDLE: Duration = Duration::from_mins(5);
/// A request has so long to arrive and be answered; watches tell for longer.
const ANSWER: Duration = Duration::from_mins(1);

/// What serves a connection.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) tls: TlsAcceptor,
    pub(super) sandbox: Sandbox,
    pub(super) ending: watch::Receiver<bool>,
}

/// Serves until the client has gone, or the server ends. What is wrong with a client ends its
/// connection and nothing else.
pub(super) async fn serve(connection: Connection) {
    let Connection { stream, tls, sandbox, ending } = connection;
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await else { return };
    let service = service_fn(|request| answer(sandbox.clone(), ending.clone(), request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    tokio::select! {
        _ = &mut serving => return,
        () = ended(ending.clone()) => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}

/// Comes about when the server is told to end.
pub(super) async fn ended(mut ending: watch::Receiver<bool>) {
    // A server that is gone without a word has ended, too.
    let _ = ending.wait_for(|ends| *ends).await;
}

async fn answer(
    sandbox: Sandbox,
    ending: watch::Receiver<bool>,
    request: Request<Incoming>,
) -> Result<Response<UntilEnd>, Infallible> {
    let answer = match authenticated(&sandbox, request) {
        Ok(request) => in_time(sandbox.service().oneshot(request)).await,
        Err(status) => Err(status),
    };
    Ok(match answer {
        Ok(response) => response.map(|body| UntilEnd::new(body, ending)),
        Err(status) => refusal(&status).map(|bytes| UntilEnd::new(Full::from(bytes), ending)),
    })
}

/// The request, with the user that it comes from.
fn authenticated(
    sandbox: &Sandbox,
    mut request: Request<Incoming>,
) -> Result<Request<Incoming>, Status> {
    let user = sandbox.authenticate(request.headers()).ok_or_else(unauthorized)?;
    request.extensions_mut().insert(user);
    Ok(request)
}

async fn in_time<T>(answer: impl Future<Output = Result<T, BoxError>>) -> Result<T, Status> {
    match tokio::time::timeout(ANSWER, answer).await {
        Ok(answer) => answer.map_err(|error| Status::bad_request(error.to_string())),
        Err(_) => {
            let message = "Timeout: request did not complete within the allotted timeout";
            Err(Status::new(504, "Timeout", message))
        }
    }
}

fn unauthorized() -> Status {
    Status::new(401, "Unauthorized", "Unauthorized")
}

fn refusal(status: &Status) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(status.to_json().to_string()));
    *response.status_mut() =
        StatusCode::from_u16(status.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
