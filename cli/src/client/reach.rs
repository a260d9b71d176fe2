//! Whether any connection ever came about.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::Uri;
use tower::Service;

/// Remembers the first connection; clones share the memory.
///
/// Until then no request has left this process, whatever else is unknown about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach(Arc<AtomicBool>);

impl Reach {
    pub(crate) fn is_reached(&self) -> bool {
        self.0.load(Ordering::Relaxed)
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
            reach.0.fetch_or(connection.is_ok(), Ordering::Relaxed);
            connection
        })
    }
}
