//! What earlier answers told: guesses that save a request, never facts to decide on.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kubelock_core::stamp;
use kubelock_core::timestamp::Timestamp;

use crate::lock_ref::LockRef;

/// More objects than this are not remembered: the memory starts afresh.
const OBJECTS_MAX: usize = 4096;

type ObjectKey = (Option<String>, String);

/// Shared by all locks of one [`crate::KubeLock`].
#[derive(Debug, Default)]
pub(crate) struct Memory {
    annotated: Mutex<HashMap<ObjectKey, bool>>,
    put_namespaces: Mutex<HashSet<Option<String>>>,
    server_time: Mutex<Option<ServerTime>>,
    stamps: Mutex<u16>,
}

/// A `Date`, and when the request that brought it was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerTime {
    pub(crate) date: Timestamp,
    pub(crate) sent_at: Duration,
}

impl Memory {
    /// Whether the object had annotations when it was last seen; `None` if it never was.
    pub(crate) fn has_annotations(&self, lock: &LockRef) -> Option<bool> {
        locked(&self.annotated).get(&object_key(lock)).copied()
    }

    pub(crate) fn saw_annotations(&self, lock: &LockRef, has_annotations: bool) {
        let mut annotated = locked(&self.annotated);
        if annotated.len() >= OBJECTS_MAX {
            annotated.clear();
        }
        annotated.insert(object_key(lock), has_annotations);
    }

    /// Whether a PUT has succeeded here where a patch was forbidden.
    pub(crate) fn puts(&self, lock: &LockRef) -> bool {
        locked(&self.put_namespaces).contains(&namespace(lock))
    }

    pub(crate) fn set_puts(&self, lock: &LockRef, puts: bool) {
        let mut namespaces = locked(&self.put_namespaces);
        if !puts {
            namespaces.remove(&namespace(lock));
        } else if namespaces.len() < OBJECTS_MAX {
            namespaces.insert(namespace(lock));
        }
    }

    pub(crate) fn saw_server_time(&self, server_time: ServerTime) {
        *locked(&self.server_time) = Some(server_time);
    }

    /// The `createdAt` for a record of the first attempt at `boot`, unlike all others of this process.
    pub(crate) fn stamp(&self, wall: Timestamp, boot: Duration) -> Timestamp {
        let bound = locked(&self.server_time)
            .map(|time| stamp::upper_bound(time.date, boot.saturating_sub(time.sent_at)));
        self.unlike_others(stamp::stamp(wall, bound))
    }

    /// Counts in the last three digits, which no clock of this kind resolves honestly, so that
    /// two records of one owner differ even if the clock stood still or was set back.
    pub(crate) fn unlike_others(&self, time: Timestamp) -> Timestamp {
        let mut stamps = locked(&self.stamps);
        *stamps = (*stamps + 1) % 1000;
        let micros = time.unix_nanos().div_euclid(1000);
        Timestamp::from_unix_nanos(micros * 1000 + i128::from(*stamps))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn object_key(lock: &LockRef) -> ObjectKey {
    (namespace(lock), lock.object.as_str().to_owned())
}

fn namespace(lock: &LockRef) -> Option<String> {
    lock.namespace.as_ref().map(|namespace| namespace.as_str().to_owned())
}
