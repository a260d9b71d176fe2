use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::watch;
use tower::BoxError;

use super::connection::ended;

/// A body that ends with the server: what a watch has yet to tell is not told.
pub(super) struct UntilEnd {
    body: UnsyncBoxBody<Bytes, BoxError>,
    end: BoxFuture<'static, ()>,
}

impl UntilEnd {
    pub(super) fn new<B>(body: B, ending: watch::Receiver<bool>) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self { body: body.map_err(Into::into).boxed_unsync(), end: Box::pin(ended(ending)) }
    }
}

impl Body for UntilEnd {
    type Data = Bytes;
    type Error = BoxError;

    /// What is there goes first: an answer is whole, or it is a watch.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Pending => self.end.as_mut().poll(context).map(|()| None),
            ready => ready,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
