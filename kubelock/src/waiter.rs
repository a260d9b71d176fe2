//! How one process waits for a lock: by a watch of its object, and timers beside it.

use std::time::Duration;

use kubelock_core::answer::Sight;
use kubelock_core::mutant::Mutant;
use kubelock_core::terms::{part, spread};
use kubelock_core::token::FencingToken;

use crate::kube_lock::KubeLock;
use crate::lock_ref::LockRef;
use crate::on_wait::{Obstacle, OnWait};
use crate::telemetry;
use crate::watch::{Event, NoWatch, Watch};

/// The slow poll beside a watch, which would find what a watch does not tell; and keeps a
/// connection warm. From a minute to eighty seconds, so that waiters don't poll together.
const POLL: Duration = Duration::from_mins(1);
const POLL_SPREAD: Duration = Duration::from_secs(20);
/// The poll of who may not watch.
const POLL_BLIND: Duration = Duration::from_secs(2);
const POLL_BLIND_SPREAD: Duration = Duration::from_secs(1);
/// Bookmarks come about once a minute: a watch that tells nothing for so long may be dead.
const SILENCE_MAX: Duration = Duration::from_secs(150);
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);
const NEVER: Duration = Duration::from_hours(365 * 24);

/// Why a wait ended.
#[derive(Debug)]
pub(crate) enum Wake {
    /// The watch shows this.
    Event(Sight),
    /// The watch shows that the object is gone.
    Deleted,
    /// It is to be read again.
    Read,
    /// The time that the caller named has come.
    Time,
}

/// One who waits. It costs one connection while it does.
pub(crate) struct Waiter {
    watch: Option<Watch>,
    may_watch: bool,
    on_wait: Option<OnWait>,
    /// What the watch has told last, or what it began from.
    told: Option<String>,
    /// The newest version that was seen, by whatever way.
    seen: Option<FencingToken>,
    heard_at: Duration,
    poll_at: Duration,
    failures: u32,
}

impl Waiter {
    pub(crate) fn new(on_wait: Option<OnWait>) -> Self {
        Self {
            watch: None,
            may_watch: true,
            on_wait,
            told: None,
            seen: None,
            heard_at: Duration::ZERO,
            poll_at: Duration::ZERO,
            failures: 0,
        }
    }

    /// What a slow read shows. A watch that did not tell of it is given up.
    pub(crate) fn saw_by_read(&mut self, locks: &KubeLock, sight: &Sight) {
        if self.told != sight.value {
            self.watch = None;
        }
        self.saw(sight);
        self.plan_poll(locks);
    }

    /// What was just seen otherwise: events of what was before tell nothing any more.
    pub(crate) fn saw(&mut self, sight: &Sight) {
        self.seen = FencingToken::new(&sight.resource_version, &sight.uid).ok();
    }

    /// Whether an event tells of what came before something that was already seen.
    fn is_old(&self, sight: &Sight) -> bool {
        let event = FencingToken::new(&sight.resource_version, &sight.uid).ok();
        self.seen.as_ref().zip(event).is_some_and(|(seen, event)| event <= *seen)
    }

    /// Waits for a change after `sight`, for as long as `span` at most.
    ///
    /// # Cancel safety
    /// Nothing is written; no event is lost.
    pub(crate) async fn wait(
        &mut self,
        locks: &KubeLock,
        lock: &LockRef,
        sight: &Sight,
        span: Option<Duration>,
    ) -> Wake {
        let until = span.map(|span| locks.clock.monotonic().saturating_add(span));
        if self.poll_at.is_zero() {
            self.plan_poll(locks);
        }
        loop {
            let now = locks.clock.monotonic();
            if until.is_some_and(|until| until <= now) {
                return Wake::Time;
            }
            if self.net_at() <= now {
                return self.look_again(now);
            }
            let next = until.map_or(self.net_at(), |until| until.min(self.net_at()));
            tokio::select! {
                biased;
                wake = self.listen(locks, lock, sight) => if let Some(wake) = wake {
                    return wake;
                },
                () = locks.runtime.sleep(next.saturating_sub(now)) => {}
            }
        }
    }

    /// Waits for what the watch tells, and opens one if there is none. `None`: there will be none,
    /// and the next poll is due sooner.
    async fn listen(&mut self, locks: &KubeLock, lock: &LockRef, sight: &Sight) -> Option<Wake> {
        if !self.may_watch {
            return std::future::pending().await;
        }
        if self.watch.is_none()
            && let Some(wake) = self.open(locks, lock, sight).await
        {
            return Some(wake);
        }
        loop {
            let watch = self.watch.as_mut()?;
            let event = watch.next(lock).await;
            self.heard_at = locks.clock.monotonic();
            match event {
                Event::Alive => self.failures = 0,
                Event::Seen(sight) => {
                    self.failures = 0;
                    self.told.clone_from(&sight.value);
                    if self.is_old(&sight) {
                        continue;
                    }
                    self.saw(&sight);
                    return Some(Wake::Event(sight));
                }
                Event::Deleted => {
                    self.told = None;
                    return Some(Wake::Deleted);
                }
                Event::Over(_) if Mutant::DeafToTheWatch.is_on() => std::future::pending().await,
                Event::Over(why) => return Some(self.broken(locks, lock, &why).await),
            }
        }
    }

    async fn open(&mut self, locks: &KubeLock, lock: &LockRef, sight: &Sight) -> Option<Wake> {
        match Watch::open(locks, lock, &sight.resource_version).await {
            Ok(watch) => {
                self.watch = Some(watch);
                self.told.clone_from(&sight.value);
                self.heard_at = locks.clock.monotonic();
                None
            }
            Err(NoWatch::Denied(error)) => {
                telemetry::cannot_watch(lock);
                if let Some(on_wait) = &self.on_wait {
                    on_wait.tell(Obstacle::Unwatched(&error));
                }
                self.may_watch = false;
                self.plan_poll(locks);
                None
            }
            Err(NoWatch::Failed(why)) => Some(self.broken(locks, lock, &why).await),
        }
    }

    /// The watch is of no use any more: after a pause that grows, the object is read again.
    async fn broken(&mut self, locks: &KubeLock, lock: &LockRef, why: &str) -> Wake {
        self.watch = None;
        telemetry::watch_over(lock, why);
        let pause = PAUSE_MAX.min(PAUSE_MIN.saturating_mul(1 << self.failures.min(10)));
        self.failures = self.failures.saturating_add(1);
        locks.runtime.sleep(spread(pause, locks.runtime.random())).await;
        Wake::Read
    }

    /// When to look again even if nothing is told.
    fn net_at(&self) -> Duration {
        if Mutant::DeafToTheWatch.is_on() {
            return NEVER;
        }
        match self.watch {
            Some(_) => self.poll_at.min(self.heard_at.saturating_add(SILENCE_MAX)),
            None => self.poll_at,
        }
    }

    fn look_again(&mut self, now: Duration) -> Wake {
        if self.watch.is_some() && self.heard_at.saturating_add(SILENCE_MAX) <= now {
            self.watch = None;
        }
        Wake::Read
    }

    /// Puts the slow poll off.
    pub(crate) fn plan_poll(&mut self, locks: &KubeLock) {
        let (pause, spread) =
            if self.may_watch { (POLL, POLL_SPREAD) } else { (POLL_BLIND, POLL_BLIND_SPREAD) };
        self.poll_at = locks.clock.monotonic() + pause + part(spread, locks.runtime.random());
    }
}
