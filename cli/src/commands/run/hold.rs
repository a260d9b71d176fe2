//! The lock, held.

use std::time::Duration;

use kubelock::{AcquireOptions, Acquired, Error, Lock};

use super::boottime::Boottime;

/// A lock that is held, until it is lost or released.
pub(super) struct Hold {
    acquired: Acquired,
    until: Boottime,
}

impl Hold {
    pub(super) async fn take(
        lock: &Lock,
        object: &str,
        options: AcquireOptions,
        margin: Duration,
    ) -> Result<Self, Error> {
        let until = Boottime::now().after(options.ttl.saturating_sub(margin));
        Ok(Self { acquired: lock.acquire(object, options).await?, until })
    }

    /// How long it is certain that nobody else holds the lock.
    pub(super) fn valid_for(&self) -> Duration {
        self.until.since(Boottime::now())
    }

    pub(super) async fn lost(&self) -> String {
        tokio::time::sleep(self.valid_for()).await;
        "it was not renewed in time".to_owned()
    }

    pub(super) async fn release(self) -> Result<(), Error> {
        self.acquired.release().await
    }
}
