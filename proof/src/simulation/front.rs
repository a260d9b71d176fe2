//! One API server of several over one store: a clock of its own, and restarts.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;

/// An API server, as its clients see it.
pub(crate) struct Front {
    /// How far its `Date` is ahead.
    pub(crate) ahead_millis: i64,
    down_until: Mutex<Duration>,
    /// Not a `watch`: that wakes in an order of its own choice.
    restarts: broadcast::Sender<()>,
}

impl Front {
    pub(crate) fn new(ahead_millis: i64) -> Self {
        Self { ahead_millis, down_until: Mutex::default(), restarts: broadcast::Sender::new(1) }
    }

    /// All its connections break, and no new ones come about until then.
    pub(crate) fn restart(&self, down_until: Duration) {
        *self.down_until.lock().unwrap_or_else(PoisonError::into_inner) = down_until;
        // Nobody may be connected.
        let _ = self.restarts.send(());
    }

    pub(crate) fn is_down(&self, now: Duration) -> bool {
        now < *self.down_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection to it: completes when it breaks.
    pub(crate) fn connection(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut restarts = self.restarts.subscribe();
        async move {
            // The server outlives its clients: an error is as good as a cut.
            let _ = restarts.recv().await;
        }
    }
}
