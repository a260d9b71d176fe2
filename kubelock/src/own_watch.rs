//! A holder that watches its own record, and so learns at once if somebody takes it away.

use std::sync::{Arc, Weak};
use std::time::Duration;

use kubelock_core::answer::Sight;

use crate::guard::Guard;
use crate::hold::Hold;
use crate::session::Session;
use crate::waiter::{Waiter, Wake};

/// Before a read that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Watches until the hold is over.
pub(crate) fn start(guard: &Guard) {
    let hold = guard.hold();
    let runtime = hold.lock.locks.runtime.clone();
    let over = hold.over.clone();
    let watched = Arc::downgrade(hold);
    runtime.spawn(Box::pin(async move {
        tokio::select! {
            biased;
            () = over.cancelled() => {}
            () = watch(watched) => {}
        }
    }));
}

async fn watch(watched: Weak<Hold>) {
    let mut waiter = Waiter::new();
    let mut sight = None;
    while let Some(hold) = watched.upgrade() {
        let (locks, lock) = (&hold.lock.locks, &hold.lock_ref);
        let now = match sight.take() {
            Some(sight) => sight,
            None => match read(&hold).await {
                Some(sight) => sight,
                None => {
                    locks.runtime.sleep(PAUSE).await;
                    continue;
                }
            },
        };
        // Plans the next slow poll, too: without that, one that has come would be due for good.
        waiter.saw_by_read(locks, &now);
        if !hold.owns(&now) {
            // What is seen may be old: the renewal is the judge.
            hold.verify().await;
        }
        sight = match waiter.wait(locks, lock, &now, None).await {
            Wake::Event(sight) => Some(sight),
            Wake::Deleted => {
                hold.verify().await;
                None
            }
            Wake::Read | Wake::Time => None,
        };
    }
}

async fn read(hold: &Hold) -> Option<Sight> {
    let locks = &hold.lock.locks;
    let call = hold.call();
    let result = Session::new(locks, &hold.lock_ref, call).look(false).await;
    match result {
        Ok(sight) => Some(sight),
        Err(error) if error.is_object_missing() => {
            hold.verify().await;
            None
        }
        Err(_) => None,
    }
}
