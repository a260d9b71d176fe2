//! What a hold tells those who watch over it: `tracing` events, and metrics with the feature.

use kubelock_core::hold::Loss;
use kubelock_core::record::{HoldId, Record};
use tracing::{debug, info, warn};

use crate::error::Error;
use crate::lock_ref::LockRef;

macro_rules! about {
    ($level:ident, $name:literal, $lock:expr $(, $field:ident = $value:expr)* ; $($message:tt)*) => {
        $level!(
            name: $name,
            lock = %$lock.name,
            object = %$lock.object_display(),
            namespace = $lock.namespace.as_ref().map(kubelock_core::name::PathSegment::as_str),
            $($field = $value,)*
            $($message)*
        )
    };
}

/// A hold began, so long after it was asked for.
pub(crate) fn acquired(lock: &LockRef, hold: &str, token: &str, took: std::time::Duration) {
    about!(info, "kubelock.hold.acquired", lock, hold = hold, token = token; "acquired");
    count("kubelock_holds_acquired_total", None);
    time("kubelock_hold_acquire_seconds", took);
}

/// Its record was confirmed anew.
pub(crate) fn renewed(lock: &LockRef, hold: &str, took: std::time::Duration) {
    about!(debug, "kubelock.hold.renewed", lock, hold = hold; "renewed");
    count("kubelock_hold_renewals_total", Some(("outcome", "renewed")));
    time("kubelock_hold_renewal_seconds", took);
}

/// A renewal failed; there is time for another.
pub(crate) fn renewal_failed(lock: &LockRef, hold: &str, error: &Error, left: std::time::Duration) {
    about!(warn, "kubelock.hold.renewal_failed", lock, hold = hold, valid_for = tracing::field::debug(left), outcome = error.outcome(); "renewal failed: {error}");
    count("kubelock_hold_renewals_total", Some(("outcome", error.outcome())));
}

/// It was lost.
pub(crate) fn lost(lock: &LockRef, hold: &str, loss: &Loss) {
    about!(warn, "kubelock.hold.lost", lock, hold = hold, why = loss.word(); "lost: {loss}");
    count("kubelock_holds_lost_total", Some(("why", loss.word())));
}

/// It was given back, or could not be.
pub(crate) fn released(lock: &LockRef, hold: &str, result: &Result<(), Error>) {
    let outcome = result.as_ref().map_or_else(Error::outcome, |()| "ok");
    about!(info, "kubelock.hold.released", lock, hold = hold, outcome = outcome; "released");
    count("kubelock_holds_released_total", Some(("outcome", outcome)));
}

/// A lock was taken away from its holder.
pub(crate) fn broken(lock: &LockRef, record: Option<&Record>) {
    let owner = record.map(|record| kubelock_core::name::quoted(&record.owner));
    let hold = record.and_then(|record| record.hold.as_ref()).map(HoldId::as_str);
    let holder = owner.as_deref().unwrap_or("nobody knows whom");
    about!(warn, "kubelock.lock.broken", lock, hold = hold, holder = tracing::field::display(holder); "broken: it was held by {holder}");
}

/// Somebody else has the lock, and this process waits for it.
pub(crate) fn waiting(lock: &LockRef, record: &Record) {
    let owner = kubelock_core::name::quoted(&record.owner);
    about!(info, "kubelock.hold.waiting", lock, holder = tracing::field::display(&owner); "waiting for {owner}");
}

/// So long did a caller wait.
pub(crate) fn waited(took: std::time::Duration) {
    time("kubelock_hold_wait_seconds", took);
}

/// This user may not watch, so the object is read every few seconds.
pub(crate) fn cannot_watch(lock: &LockRef) {
    about!(warn, "kubelock.hold.cannot_watch", lock; "may not watch the object: polls it instead");
}

/// A watch ended; the object is read again.
pub(crate) fn watch_over(lock: &LockRef, why: &str) {
    about!(debug, "kubelock.hold.watch_over", lock; "the watch is over: {why}");
}

/// The machine's clock and the server's differ by more than five seconds.
pub(crate) fn skew(off: std::time::Duration) {
    let seconds = off.as_secs();
    warn!(
        name: "kubelock.clock.skew",
        seconds,
        "this machine's clock is {seconds} s off the API server's"
    );
}

#[cfg(feature = "metrics")]
fn count(name: &'static str, label: Option<(&'static str, &'static str)>) {
    match label {
        Some((key, value)) => metrics::counter!(name, key => value).increment(1),
        None => metrics::counter!(name).increment(1),
    }
}

#[cfg(feature = "metrics")]
fn time(name: &'static str, took: std::time::Duration) {
    metrics::histogram!(name).record(took.as_secs_f64());
}

#[cfg(not(feature = "metrics"))]
fn count(_name: &'static str, _label: Option<(&'static str, &'static str)>) {}

#[cfg(not(feature = "metrics"))]
fn time(_name: &'static str, _took: std::time::Duration) {}
