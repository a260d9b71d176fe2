//! An open watch of the sandbox, and what a test makes of it.

use futures_util::{FutureExt, Stream, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use tokio::sync::watch;
use tower::BoxError;

use super::watches::{Plan, Watches};

/// Each frame is an event.
type Told = Option<Result<Frame<Bytes>, BoxError>>;

struct Watching {
    inner: sandbox::Body,
    /// What was read already.
    first: Told,
    number: u64,
    watches: Watches,
    plan: watch::Receiver<Plan>,
    is_over: bool,
    is_open: bool,
}

/// The stream that its client sees.
pub(super) fn wrapped(inner: sandbox::Body, first: Told, watches: &Watches) -> sandbox::Body {
    let watching = Watching {
        inner,
        first,
        number: watches.open(),
        watches: watches.clone(),
        plan: watches.subscribe(),
        is_over: false,
        is_open: true,
    };
    StreamBody::new(watching.into_stream()).boxed_unsync()
}

impl Watching {
    fn into_stream(self) -> impl Stream<Item = Result<Frame<Bytes>, BoxError>> {
        stream::unfold(self, |mut watching| async move { Some((watching.told().await?, watching)) })
    }

    async fn told(&mut self) -> Told {
        let told = self.next().await;
        self.close_if_over(told.is_none());
        told
    }

    /// Who has heard the end does not count, even if it is still there.
    fn close_if_over(&mut self, is_over: bool) {
        self.is_over |= is_over;
        if self.is_over && self.is_open {
            self.is_open = false;
            self.watches.close();
        }
    }

    async fn next(&mut self) -> Told {
        while !self.is_over {
            let plan = self.plan.borrow_and_update().clone();
            // What has happened is told before a test has its way.
            let told = if plan.are_silent { None } else { self.ready() };
            let Some(told) = told else {
                if let Some(end) = self.ended_by(&plan) {
                    self.is_over = true;
                    return end;
                }
                self.wait(plan.are_silent).await;
                continue;
            };
            self.is_over = told.is_none();
            if !is_bookmark(&told) || plan.have_bookmarks {
                return told;
            }
        }
        None
    }

    /// What can be told at once; of that, nothing is the end.
    fn ready(&mut self) -> Option<Told> {
        let first = self.first.take().map(Some);
        first.or_else(|| self.inner.frame().now_or_never())
    }

    fn ended_by(&self, plan: &Plan) -> Option<Told> {
        if self.number < plan.cut_below {
            let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            return Some(Some(Err(reset.into())));
        }
        if self.number < plan.ended_below {
            return Some(None);
        }
        let (below, line) = plan.error_below.as_ref()?;
        let frame = || Ok(Frame::data(Bytes::from(line.clone())));
        (self.number < *below).then(|| Some(frame()))
    }

    /// Until a test does something, or something is told.
    async fn wait(&mut self, is_silent: bool) {
        tokio::select! {
            biased;
            _ = self.plan.changed() => {}
            told = self.inner.frame(), if !is_silent => {
                self.is_over = told.is_none();
                self.first = told;
            }
        }
    }
}

fn is_bookmark(told: &Told) -> bool {
    let data = told.as_ref().and_then(|told| told.as_ref().ok()).and_then(Frame::data_ref);
    data.is_some_and(|line| line.starts_with(b"{\"type\":\"BOOKMARK\""))
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.close_if_over(true);
    }
}
