//! The body of a watch's answer on its way to its client.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use http::Response;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use tokio::time::{Instant, sleep, sleep_until};
use tower::BoxError;

use super::fault::Fault;
use super::link::{Carried, cut};
use super::process::{Process, State};

type Piece = Result<Frame<Bytes>, BoxError>;

/// The answer as the client gets it: broken with its connection, and spoiled by a fault.
pub(crate) fn relayed(
    answer: Response<Carried>,
    connection: impl Future<Output = ()> + Send + 'static,
    spoiled: Option<(Fault, Duration)>,
    process: Arc<Process>,
) -> Response<Carried> {
    let (parts, body) = answer.into_parts();
    let relay = Relay {
        body,
        connection: Box::pin(connection),
        spoiled: spoiled.map(|(fault, after)| (fault, Instant::now() + after)),
        process,
        is_over: false,
    };
    let stream =
        stream::unfold(relay, |mut relay| async move { Some((relay.next().await?, relay)) });
    Response::from_parts(parts, StreamBody::new(stream).boxed_unsync())
}

struct Relay {
    body: Carried,
    connection: Pin<Box<dyn Future<Output = ()> + Send>>,
    spoiled: Option<(Fault, Instant)>,
    process: Arc<Process>,
    is_over: bool,
}

impl Relay {
    async fn next(&mut self) -> Option<Piece> {
        if self.is_over {
            return None;
        }
        let (fault, at) = self.spoiled.unzip();
        if fault == Some(Fault::Silence) {
            // Until its client has heard nothing for long enough.
            std::future::pending::<()>().await;
        }
        let is_timed = fault.is_some_and(|fault| fault != Fault::LateEvents);
        let at = at.unwrap_or_else(Instant::now);
        let piece = tokio::select! {
            biased;
            () = &mut self.connection => self.last(Fault::WatchCut),
            () = sleep_until(at), if is_timed => self.last(fault.unwrap_or(Fault::WatchEnd)),
            piece = self.body.frame() => piece,
        };
        if fault == Some(Fault::LateEvents) {
            sleep(self.process.dice.millis(100, 9_000)).await;
        }
        if self.process.state() == State::Dead {
            std::future::pending::<()>().await;
        }
        piece
    }

    /// The last that the client hears.
    fn last(&mut self, fault: Fault) -> Option<Piece> {
        self.is_over = true;
        self.process.world.judge().spoiled(&self.process);
        match fault {
            Fault::WatchCut => Some(Err(cut())),
            Fault::ErrorEvent => Some(Ok(error(500, "InternalError"))),
            Fault::Gone => Some(Ok(error(410, "Expired"))),
            _ => None,
        }
    }
}

fn error(code: u16, reason: &str) -> Frame<Bytes> {
    let status = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": format!("injected {code}"), "reason": reason, "code": code,
    });
    let event = serde_json::json!({ "type": "ERROR", "object": status });
    Frame::data(Bytes::from(format!("{event}\n")))
}
