//! The span of a call: which lock, on what, and how it ended. Never a body or a credential.

use tracing::{Instrument, Span};

use crate::error::Error;

/// The span of the call `kubelock.$name` on an object that nobody has checked yet.
macro_rules! call_span {
    ($name:literal, $lock:expr, $object:expr) => {
        tracing::info_span!(
            $name,
            lock = %$lock.name,
            object = %kubelock_core::name::quoted($object),
            namespace = $lock.namespace.as_ref().map(kubelock_core::name::PathSegment::as_str),
            outcome = tracing::field::Empty,
        )
    };
}

pub(crate) use call_span;

/// Runs a call in its span, and tells the span how it ended.
pub(crate) async fn traced<T>(
    span: Span,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    // On the heap, so that the futures of callers stay small.
    let result = Box::pin(call.instrument(span.clone())).await;
    span.record("outcome", result.as_ref().map_or_else(Error::outcome, |_| "ok"));
    result
}
