//! What earlier answers told: guesses that save a request, never facts to decide on.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kubelock_core::name::AnnotationKey;
use kubelock_core::stamp;
use kubelock_core::timestamp::Timestamp;

use crate::lock_ref::LockRef;
use crate::session::ATTEMPT_MAX;

/// More locks than this are not remembered: the memory starts afresh.
const LOCKS_MAX: usize = 4096;

type LockKey = (Option<String>, String, AnnotationKey);

/// Shared by all locks of one [`crate::KubeLock`].
#[derive(Debug, Default)]
pub(crate) struct Memory {
    others: Mutex<HashMap<LockKey, bool>>,
    put_namespaces: Mutex<HashSet<Option<String>>>,
    server_time: Mutex<Option<ServerTime>>,
    /// The subresources whose writes were seen to store annotations, too.
    subresources: Mutex<HashSet<String>>,
    has_warned_of_skew: AtomicBool,
}

/// A `Date`, and when the request that brought it was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerTime {
    pub(crate) date: Timestamp,
    pub(crate) sent_at: Duration,
}

impl Memory {
    /// Whether the object had annotations beside the lock's when it was last seen; `None` if it
    /// never was. So it is with the lock free: an empty map goes with its last annotation.
    pub(crate) fn has_others(&self, lock: &LockRef) -> Option<bool> {
        locked(&self.others).get(&lock_key(lock)).copied()
    }

    pub(crate) fn saw_others(&self, lock: &LockRef, has_others: bool) {
        let mut others = locked(&self.others);
        if others.len() >= LOCKS_MAX {
            others.clear();
        }
        others.insert(lock_key(lock), has_others);
    }

    /// Whether a PUT has succeeded here where a patch was forbidden.
    pub(crate) fn puts(&self, lock: &LockRef) -> bool {
        locked(&self.put_namespaces).contains(&namespace(lock))
    }

    pub(crate) fn set_puts(&self, lock: &LockRef, puts: bool) {
        let mut namespaces = locked(&self.put_namespaces);
        if !puts {
            namespaces.remove(&namespace(lock));
        } else if namespaces.len() < LOCKS_MAX {
            namespaces.insert(namespace(lock));
        }
    }

    /// Whether a write to this subresource was seen to store the record, too.
    pub(crate) fn stores_annotations(&self, subresource: &str) -> bool {
        locked(&self.subresources).contains(subresource)
    }

    pub(crate) fn set_stores_annotations(&self, subresource: &str) {
        locked(&self.subresources).insert(subresource.to_owned());
    }

    /// True once.
    pub(crate) fn warns_of_skew(&self) -> bool {
        !self.has_warned_of_skew.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn saw_server_time(&self, server_time: ServerTime) {
        *locked(&self.server_time) = Some(server_time);
    }

    /// The latest that the server's clock can show at `boot`.
    pub(crate) fn server_at_most(&self, boot: Duration) -> Option<Timestamp> {
        let time = (*locked(&self.server_time))?;
        Some(stamp::upper_bound(time.date, boot.saturating_sub(time.sent_at)))
    }

    /// The earliest that it can show.
    pub(crate) fn server_at_least(&self, boot: Duration) -> Option<Timestamp> {
        let time = (*locked(&self.server_time))?;
        let since_answer = boot.saturating_sub(time.sent_at).saturating_sub(ATTEMPT_MAX);
        Some(time.date.saturating_add(since_answer))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock_key(lock: &LockRef) -> LockKey {
    (namespace(lock), lock.object.as_str().to_owned(), lock.key.clone())
}

fn namespace(lock: &LockRef) -> Option<String> {
    lock.namespace.as_ref().map(|namespace| namespace.as_str().to_owned())
}
