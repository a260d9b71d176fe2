//! Records of a hold that never came about: removed in the background, should they land.

use std::time::Duration;

use kubelock_core::answer::Sight;
use kubelock_core::change::{Change, Outcome};
use kubelock_core::hold::Written;
use kubelock_core::mutant::Mutant;
use kubelock_core::reading::Reading;

use crate::kube_lock::KubeLock;
use crate::lock_ref::LockRef;
use crate::session::Session;

const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// A server that is away for longer than requests live is waited for, but not for ever.
const AWAY_MAX: Duration = Duration::from_hours(1);

/// All bytes that one call has sent and that may stand, or come to stand.
///
/// Dropped with any left, it looks for them in the background for as long as a request can live,
/// and removes exactly them.
pub(crate) struct Leftovers {
    locks: KubeLock,
    lock: LockRef,
    call: Duration,
    sent: Vec<Written>,
}

impl Leftovers {
    pub(crate) fn new(locks: KubeLock, lock: LockRef, call: Duration) -> Self {
        Self { locks, lock, call, sent: Vec::new() }
    }

    /// Notes bytes that are about to be sent.
    pub(crate) fn note(&mut self, written: Written) {
        self.sent.push(written);
    }

    /// These are known not to have been written.
    pub(crate) fn forget(&mut self, value: &str) {
        self.sent.retain(|sent| sent.value != value);
    }

    /// None of them matters any more.
    pub(crate) fn clear(&mut self) {
        self.sent.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// The object was read, and asked for at this instant: what could not land any more by then,
    /// and does not stand, never will. Age alone tells nothing: it may have landed long ago.
    pub(crate) fn read(&mut self, sight: Option<&Sight>, asked_at: Reading) {
        let lifetime = self.lifetime();
        self.sent.retain(|sent| {
            let is_shown = sight.is_some_and(|sight| sight.shows(&sent.value));
            is_shown || asked_at.at_least_since(sent.read_at) < lifetime
        });
    }

    /// Whether one of them may land yet.
    pub(crate) fn can_land(&self) -> bool {
        let now = self.locks.reading();
        let lifetime = self.lifetime();
        self.sent.iter().any(|sent| now.at_least_since(sent.read_at) < lifetime)
    }

    /// Looks for them for so long at most, and removes what stands. Of `sole` one copy alone was
    /// sent, by a client that repeats nothing: once removed, it never comes back.
    pub(crate) async fn tidy(&mut self, within: Duration, sole: Option<&str>) {
        let sole = sole.filter(|_| self.locks.sends_once);
        let (locks, lock) = (self.locks.clone(), self.lock.clone());
        let until = locks.clock.monotonic().saturating_add(within);
        let mut pause = PAUSE_MIN;
        while !self.sent.is_empty() {
            let left = until.saturating_sub(locks.clock.monotonic());
            if left.is_zero() {
                return;
            }
            let sent: Vec<String> = self.sent.iter().map(|sent| sent.value.clone()).collect();
            match look(&locks, &lock, left, &sent).await {
                Some(Found::Removed(value)) if Some(value.as_str()) == sole => self.forget(&value),
                _ => locks.runtime.sleep(pause.min(left)).await,
            }
            pause *= 2;
        }
    }

    /// How long after its call began a write can land.
    fn lifetime(&self) -> Duration {
        self.locks.request_lifetime.saturating_add(self.call)
    }

    /// The bytes that stand, if they are of these.
    pub(crate) fn seen(&self, sight: &Sight) -> Option<&str> {
        self.sent.iter().map(|sent| sent.value.as_str()).find(|value| sight.shows(value))
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        if self.sent.is_empty() || Mutant::LeavesLateRecords.is_on() {
            return;
        }
        let sent = self.sent.drain(..).map(|sent| sent.value).collect();
        let (locks, lock, call) = (self.locks.clone(), self.lock.clone(), self.call);
        let runtime = locks.runtime.clone();
        runtime.spawn(Box::pin(remove(locks, lock, call, sent)));
    }
}

/// What a look has found.
enum Found {
    Nothing,
    Removed(String),
}

async fn remove(locks: KubeLock, lock: LockRef, call: Duration, sent: Vec<String>) {
    let lifetime = locks.request_lifetime.saturating_add(call);
    let until = locks.clock.monotonic().saturating_add(lifetime);
    let mut pause = PAUSE_MIN;
    loop {
        let now = locks.clock.monotonic();
        let is_answered = look(&locks, &lock, call, &sent).await.is_some();
        // The last look comes when nothing can land any more, and is one that was answered.
        if now >= until && is_answered || now >= until.saturating_add(AWAY_MAX) {
            return;
        }
        let left = until.saturating_sub(now);
        locks.runtime.sleep(if left.is_zero() { pause } else { pause.min(left) }).await;
        pause = PAUSE_MAX.min(pause * 2);
    }
}

/// Removes what stands, if it is of these. `None` if that is not known.
async fn look(locks: &KubeLock, lock: &LockRef, call: Duration, sent: &[String]) -> Option<Found> {
    let mut session = Session::new(locks, lock, call);
    let sight = match session.look(locks.memory.puts(lock)).await {
        Ok(sight) => sight,
        Err(error) => return error.is_object_missing().then_some(Found::Nothing),
    };
    let Some(value) = sent.iter().find(|value| sight.shows(value)) else {
        return Some(Found::Nothing);
    };
    let change = Change::remove(sight.uid, value.clone());
    let mut change = locks.by_known_verb(lock, change);
    // What fails is tried again at the next look.
    let outcome = session.drive(&mut change).await;
    (!matches!(outcome, Outcome::Failed(_))).then(|| Found::Removed(value.clone()))
}
