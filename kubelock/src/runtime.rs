//! What runs the background of a hold: timers, tasks, randomness.

use std::pin::Pin;
use std::time::Duration;

use tokio::runtime::Handle;

/// A future on the heap.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Timers, tasks and randomness of one process. Tests and simulations bring their own.
pub trait Runtime: Send + Sync + 'static {
    /// Completes once `span` is over, by the clock of [`crate::Clock::monotonic`].
    fn sleep(&self, span: Duration) -> BoxFuture<()>;

    /// Runs a task in the background. One that shuts down may drop it.
    fn spawn(&self, task: BoxFuture<()>);

    /// 64 random bits: for jitter, and for the ids of holds.
    fn random(&self) -> u64;

    /// Counts: no call in this process returns what another one did, for a long time.
    ///
    /// Records of one process are told apart by it. Runtimes that live in one process, or write
    /// to the same locks, must not count the same numbers.
    fn count(&self) -> u64 {
        crate::stamps::count()
    }
}

/// The tokio runtime that it was made in, or else the one that it is used in.
#[derive(Debug, Clone, Default)]
pub struct TokioRuntime {
    handle: Option<Handle>,
}

impl TokioRuntime {
    /// Tasks run on the present runtime, if there is one.
    pub fn current() -> Self {
        Self { handle: Handle::try_current().ok() }
    }
}

impl Runtime for TokioRuntime {
    fn sleep(&self, span: Duration) -> BoxFuture<()> {
        let _entered = self.handle.as_ref().map(Handle::enter);
        Box::pin(tokio::time::sleep(span))
    }

    /// Without any runtime the task is dropped: there is nothing that could run it.
    fn spawn(&self, task: BoxFuture<()>) {
        if let Some(handle) = self.handle.clone().or_else(|| Handle::try_current().ok()) {
            drop(handle.spawn(task));
        }
    }

    fn random(&self) -> u64 {
        crate::stamps::random()
    }
}
