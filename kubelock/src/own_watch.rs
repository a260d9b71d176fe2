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
    let mut waiter = Waiter::new(None);
    let mut sight = watched.upgrade().map(|hold| hold.born());
    while let Some(hold) = watched.upgrade() {
        let (locks, lock) = (&hold.lock.locks, &hold.lock_ref);
        let shown = match sight.take() {
            Some(sight) => Some(sight),
            None => read(&hold, &mut waiter).await,
        };
        let Some(now) = shown else {
            locks.runtime.sleep(PAUSE).await;
            continue;
        };
        if !hold.wrote(&now) {
            // What is seen may be old: the renewal is the judge.
            verify(&hold).await;
        }
        sight = match waiter.wait(locks, lock, &now, None).await {
            Wake::Event(sight) => {
                // Each renewal shows that the watch works.
                waiter.plan_poll(locks);
                Some(sight)
            }
            Wake::Deleted => {
                verify(&hold).await;
                None
            }
            Wake::Read | Wake::Time => None,
        };
    }
}

/// Renews it now. If that fails, the next renewal comes soon.
async fn verify(hold: &Arc<Hold>) {
    hold.verify().await;
    let locks = &hold.lock.locks;
    locks.keeper.plan(locks, hold);
}

async fn read(hold: &Arc<Hold>, waiter: &mut Waiter) -> Option<Sight> {
    let locks = &hold.lock.locks;
    let call = hold.call();
    let result = Session::new(locks, &hold.lock_ref, call).look(false).await;
    match result {
        Ok(sight) => {
            waiter.saw_by_read(locks, &sight);
            Some(sight)
        }
        Err(error) if error.is_object_missing() => {
            verify(hold).await;
            None
        }
        Err(_) => None,
    }
}
