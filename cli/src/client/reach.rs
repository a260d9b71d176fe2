//! Whether any connection ever came about, and any write was to be sent.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::{Request, Uri};
use tower::Service;

/// Remembers the first connection; clones share the memory.
///
/// Until then no request has left this process, whatever else is unknown about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach(Arc<Memory>);

#[derive(Debug, Default)]
struct Memory {
    is_reached: AtomicBool,
    wants_to_write: AtomicBool,
}

impl Reach {
    pub(crate) fn is_reached(&self) -> bool {
        self.0.is_reached.load(Ordering::Relaxed)
    }

    /// Whether anything can have been changed by this process.
    pub(crate) fn may_have_written(&self) -> bool {
        self.is_reached() && self.0.wants_to_write.load(Ordering::Relaxed)
    }

    /// Notes a request that is about to be sent. Reviews, which are POSTs, store nothing.
    pub(super) fn note<B>(&self, request: &Request<B>) {
        let is_review = request.uri().path().starts_with("/apis/auth");
        let writes = !request.method().is_safe() && !is_review;
        self.0.wants_to_write.fetch_or(writes, Ordering::Relaxed);
    }
}

/// A connector that notes its first success, TLS included.
#[derive(Clone)]
pub(super) struct NotingReach<C> {
    pub(super) connector: C,
    pub(super) reach: Reach,
}

impl<C> Service<Uri> for NotingReach<C>
where
    C: Service<Uri>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = C::Error;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, C::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.connector.call(uri);
        let reach = self.reach.clone();
        Box::pin(async move {
            let connection = connecting.await;
            reach.0.is_reached.fetch_or(connection.is_ok(), Ordering::Relaxed);
            connection
        })
    }
}
