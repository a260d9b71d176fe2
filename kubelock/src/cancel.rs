//! Calls that their callers end early, in order.
//!
//! Work comes pinned: taken by value, each layer of `select!` would keep a copy of its future, and
//! those of writes are large.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::runtime::Runtime;

/// A write that is under way then has so long to be answered: what is answered is known.
const ANSWER: Duration = Duration::from_millis(500);
/// What was not answered is looked for, and removed, for so long.
pub(crate) const TIDYING: Duration = Duration::from_millis(400);

/// Whether one call is to end early, if anybody may say so.
#[derive(Clone)]
pub(crate) struct Cancel {
    token: Option<CancellationToken>,
    runtime: Arc<dyn Runtime>,
}

impl Cancel {
    pub(crate) fn new(token: Option<CancellationToken>, runtime: Arc<dyn Runtime>) -> Self {
        Self { token, runtime }
    }

    /// Whether anybody may say so.
    pub(crate) fn is_possible(&self) -> bool {
        self.token.is_some()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.token.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    /// What comes of work that leaves nothing behind: it is given up at once. `None` then.
    pub(crate) async fn unless<T>(&self, work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.cancelled() => None,
            done = work => Some(done),
        }
    }

    /// What comes of a write: its answer is waited for a little. `None` if there was none.
    pub(crate) async fn answer<T>(
        &self,
        mut write: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            done = &mut write => return Some(done),
            () = self.cancelled() => {}
        }
        tokio::select! {
            biased;
            done = write => Some(done),
            () = self.runtime.sleep(ANSWER) => None,
        }
    }

    async fn cancelled(&self) {
        match &self.token {
            Some(token) => token.cancelled().await,
            None => pending().await,
        }
    }
}
