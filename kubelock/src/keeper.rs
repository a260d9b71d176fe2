//! What keeps the holds of one [`crate::KubeLock`]: one task, one timer, one tick.
//!
//! A hold that is not being renewed is an entry here and nothing else: no task, no thread, no
//! connection. The task starts with the first hold and ends with the last.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use kubelock_core::hold::{Loss, Next};
use kubelock_core::reading::Reading;
use tokio::sync::{Notify, Semaphore};

use crate::hold::Hold;
use crate::kube_lock::KubeLock;

/// Timers sleep while the machine is suspended: so often is it looked whether it was.
const TICK: Duration = Duration::from_millis(500);
/// A clock that counts suspend is ahead by more than this after one.
const SUSPENDED_MIN: Duration = Duration::from_millis(100);
/// So many renewals are under way at once: each takes a connection.
const RENEWALS_MAX: usize = 128;

/// All holds of one [`KubeLock`] and its clones, by what is due when.
pub(crate) struct Keeper {
    entries: Mutex<Entries>,
    changed: Notify,
    turns: Semaphore,
}

#[derive(Default)]
struct Entries {
    /// By the monotonic clock.
    due: BTreeMap<(Duration, usize), Weak<Hold>>,
    due_at: HashMap<usize, Duration>,
    is_running: bool,
}

impl Default for Keeper {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
            changed: Notify::new(),
            turns: Semaphore::new(RENEWALS_MAX),
        }
    }
}

impl Keeper {
    /// Renews this hold and watches its deadline from now on.
    pub(crate) fn keep(locks: &KubeLock, hold: &Arc<Hold>) {
        let keeper = &locks.keeper;
        keeper.plan(locks, hold);
        let starts = !std::mem::replace(&mut keeper.entries().is_running, true);
        if starts {
            let running = Running { keeper: keeper.clone(), has_ended: false };
            locks.runtime.spawn(Box::pin(running.run(locks.clone())));
        }
    }

    /// Forgets a hold that is over.
    pub(crate) fn forget(&self, hold: &Arc<Hold>) {
        self.entries().remove(key(hold));
    }

    /// Enters what is due next.
    pub(crate) fn plan(&self, locks: &KubeLock, hold: &Arc<Hold>) {
        let now = locks.clock.monotonic();
        let at = match hold.next() {
            Next::Ended => return self.forget(hold),
            Next::Renew => now,
            Next::Wait(span) => now.saturating_add(span),
        };
        self.enter(hold, at);
    }

    fn enter(&self, hold: &Arc<Hold>, at: Duration) {
        let is_first = {
            let mut entries = self.entries();
            entries.remove(key(hold));
            entries.due.insert((at, key(hold)), Arc::downgrade(hold));
            entries.due_at.insert(key(hold), at);
            entries.first() == Some(at)
        };
        if is_first {
            self.changed.notify_one();
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews a hold in a task of its own; until that is done, its deadline is what is due.
    fn renew(self: &Arc<Self>, locks: &KubeLock, hold: Arc<Hold>) {
        self.enter(&hold, locks.clock.monotonic().saturating_add(hold.valid_for()));
        let renewal = Renewal { keeper: self.clone(), hold, is_done: false };
        locks.runtime.spawn(Box::pin(renewal.run(locks.clone())));
    }
}

impl Entries {
    fn remove(&mut self, key: usize) {
        if let Some(at) = self.due_at.remove(&key) {
            self.due.remove(&(at, key));
        }
    }

    fn first(&self) -> Option<Duration> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// What is due by `now`. It stays entered, so that it is known should the task end before
    /// something new is entered for it.
    fn due(&self, now: Duration) -> Vec<(usize, Weak<Hold>)> {
        let due = self.due.range(..=(now, usize::MAX));
        due.map(|((_, key), hold)| (*key, hold.clone())).collect()
    }

    fn take_all(&mut self) -> Vec<Weak<Hold>> {
        self.due_at.clear();
        std::mem::take(&mut self.due).into_values().collect()
    }
}

/// Holds have no names: where one lives tells it from the others for as long as it does.
fn key(hold: &Arc<Hold>) -> usize {
    Arc::as_ptr(hold).addr()
}

/// The task. Whatever way it ends, no hold believes itself renewed afterwards.
struct Running {
    keeper: Arc<Keeper>,
    /// Without any hold left; another may have been started since.
    has_ended: bool,
}

impl Running {
    async fn run(mut self, locks: KubeLock) {
        let mut last = locks.reading();
        loop {
            let now = locks.reading();
            let due = if was_suspended(last, now) { Duration::MAX } else { now.monotonic };
            last = now;
            let due = self.keeper.entries().due(due);
            for (key, hold) in due {
                let Some(hold) = hold.upgrade() else {
                    self.keeper.entries().remove(key);
                    continue;
                };
                match hold.next() {
                    Next::Renew => self.keeper.renew(&locks, hold),
                    Next::Wait(_) => self.keeper.plan(&locks, &hold),
                    Next::Ended => self.keeper.forget(&hold),
                }
            }
            let Some(first) = self.first_or_end() else { return };
            let pause = first.saturating_sub(locks.clock.monotonic()).min(TICK);
            tokio::select! {
                biased;
                () = self.keeper.changed.notified() => {}
                () = locks.runtime.sleep(pause) => {}
            }
        }
    }

    /// When the next thing is due; without any, the task is over.
    fn first_or_end(&mut self) -> Option<Duration> {
        let mut entries = self.keeper.entries();
        let first = entries.first();
        entries.is_running = first.is_some();
        self.has_ended = first.is_none();
        first
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let left = {
            let mut entries = self.keeper.entries();
            entries.is_running = false;
            entries.take_all()
        };
        for hold in left.iter().filter_map(Weak::upgrade) {
            hold.lose(Loss::RenewerEnded);
        }
    }
}

fn was_suspended(last: Reading, now: Reading) -> bool {
    now.at_most_since(last) > now.at_least_since(last) + SUSPENDED_MIN
}

/// One renewal. If it ends without being done, the hold is lost: nobody else renews it.
struct Renewal {
    keeper: Arc<Keeper>,
    hold: Arc<Hold>,
    is_done: bool,
}

impl Renewal {
    async fn run(mut self, locks: KubeLock) {
        let keeper = self.keeper.clone();
        // Who has waited as long as a call may take renews without a turn: so long does a server
        // that does not answer keep the others from theirs, and a hold has time for both.
        let patience = self.hold.call();
        let turn = tokio::select! {
            biased;
            turn = keeper.turns.acquire() => turn.ok(),
            () = locks.runtime.sleep(patience) => None,
        };
        self.hold.renew().await;
        drop(turn);
        keeper.plan(&locks, &self.hold);
        self.is_done = true;
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        if !self.is_done {
            self.hold.lose(Loss::RenewerEnded);
        }
    }
}
