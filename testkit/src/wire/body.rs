//! The body of an answer, on its way over the wire.

use std::pin::Pin;

use futures_util::{Stream, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use tower::BoxError;

use super::cut;
use super::fault::Fault;
use super::link::Exchange;

pub(super) type Carried = UnsyncBoxBody<Bytes, BoxError>;

type Piece = Result<Frame<Bytes>, BoxError>;

/// The body as the client gets it: spoiled by a fault, and broken when the exchange is cut.
pub(super) fn carried(body: Body, exchange: Exchange, fault: &Fault) -> Carried {
    let transfer = Transfer {
        body,
        exchange,
        is_silent: matches!(fault, Fault::Silent),
        spoiler: Box::pin(spoiler(fault)),
        is_over: false,
    };
    StreamBody::new(transfer.into_stream()).boxed_unsync()
}

struct Transfer {
    body: Body,
    exchange: Exchange,
    is_silent: bool,
    spoiler: Pin<Box<dyn Future<Output = Option<Piece>> + Send>>,
    is_over: bool,
}

impl Transfer {
    fn into_stream(self) -> impl Stream<Item = Piece> {
        stream::unfold(self, |mut transfer| async move { Some((transfer.next().await?, transfer)) })
    }

    async fn next(&mut self) -> Option<Piece> {
        if self.is_over {
            return None;
        }
        let mut until_cut = self.exchange.clone();
        let last = tokio::select! {
            // What came before the connection broke has arrived.
            biased;
            piece = piece(&mut self.body, &mut self.exchange), if !self.is_silent => return piece,
            () = until_cut.cut() => Some(Err(cut())),
            last = &mut self.spoiler => last,
        };
        self.is_over = true;
        last
    }
}

/// Nothing passes through a black hole, and what came meanwhile passes afterwards.
async fn piece(body: &mut Body, exchange: &mut Exchange) -> Option<Piece> {
    let piece = body.frame().await;
    exchange.passes().await;
    piece.map(|piece| piece.map_err(Into::into))
}

/// Comes when the fault does, with the last that the client hears.
fn spoiler(fault: &Fault) -> impl Future<Output = Option<Piece>> + Send + use<> {
    let (after, last) = match fault {
        Fault::EndAfter(after) => (Some(*after), None),
        Fault::CutAfter(after) => (Some(*after), Some(Err(cut()))),
        _ => (None, None),
    };
    async move {
        match after {
            Some(after) => tokio::time::sleep(after).await,
            None => std::future::pending().await,
        }
        last
    }
}
