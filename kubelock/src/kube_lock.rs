//! The entry: locks on one kind of object.

use std::sync::Arc;
use std::time::Duration;

use kube::core::GroupVersionResource;
use kubelock_core::change::Change;
use kubelock_core::name::{LockName, PathSegment, Prefix};
use kubelock_core::reading::Reading;
use kubelock_core::stamp;

use crate::clock::{Clock, SystemClock};
use crate::error::Error;
use crate::keeper::Keeper;
use crate::lock::Lock;
use crate::lock_ref::LockRef;
use crate::memory::{Memory, ServerTime};
use crate::runtime::{Runtime, TokioRuntime};
use crate::telemetry;

/// What a [`KubeLock`] is made of.
pub struct Config {
    /// How the API server is reached. [`crate::client_without_retries`] builds one that fits.
    pub client: kube::Client,
    /// The kind of object that carries the locks. No discovery call is made for it.
    pub gvr: GroupVersionResource,
}

/// Locks on one kind of object: built-in or custom, namespaced or cluster-scoped.
///
/// Cheap to clone; clones share what they have learned, and what renews their holds.
#[derive(Clone)]
pub struct KubeLock {
    pub(crate) client: kube::Client,
    pub(crate) gvr: GroupVersionResource,
    pub(crate) prefix: Prefix,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) request_lifetime: Duration,
    pub(crate) sends_once: bool,
    /// Whether the server is to do all but store what is written.
    pub(crate) dry_run: bool,
}

/// Clocks that differ by more are worth a word.
const SKEW_MAX: Duration = Duration::from_secs(5);

/// The API server's own limit on a request.
const REQUEST_LIFETIME: Duration = Duration::from_mins(1);

impl KubeLock {
    /// Checks the configuration; sends nothing.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for an empty version or resource, or one that cannot stand in a path.
    pub fn new(config: Config) -> Result<Self, Error> {
        let Config { client, gvr } = config;
        if !gvr.group.is_empty() {
            PathSegment::checked("API group", &gvr.group)?;
        }
        PathSegment::checked("API version", &gvr.version)?;
        PathSegment::checked("resource", &gvr.resource)?;
        Ok(Self {
            client,
            gvr,
            prefix: Prefix::default(),
            clock: Arc::new(SystemClock),
            runtime: Arc::new(TokioRuntime::current()),
            memory: Arc::default(),
            keeper: Arc::default(),
            request_lifetime: REQUEST_LIFETIME,
            sends_once: false,
            dry_run: false,
        })
    }

    /// Uses annotations with another prefix than `kubelock.giantswarm.io`.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] unless it is a DNS subdomain.
    pub fn with_prefix(self, prefix: &str) -> Result<Self, Error> {
        Ok(Self { prefix: Prefix::new(prefix)?, ..self })
    }

    /// Takes the time from `clock`, and forgets what was learned by the one before.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, memory: Arc::default(), keeper: Arc::default(), ..self }
    }

    /// Takes timers, tasks and randomness from `runtime`. Its timers must go by the clock.
    #[must_use]
    pub fn with_runtime(self, runtime: Arc<dyn Runtime>) -> Self {
        Self { runtime, keeper: Arc::default(), ..self }
    }

    /// Remembers the server's time, and warns once if this machine's is far from it.
    pub(crate) fn saw_server_time(&self, time: ServerTime) {
        let (wall, boot) = (self.clock.wall(), self.clock.boot());
        self.memory.saw_server_time(time);
        let least = time.date.saturating_since(wall);
        let most = stamp::upper_bound(time.date, boot.saturating_sub(time.sent_at));
        let off = least.max(wall.saturating_since(most));
        if off > SKEW_MAX && self.memory.warns_of_skew() {
            telemetry::skew(off);
        }
    }

    /// The same change by the verb that is known to work here.
    pub(crate) fn by_known_verb(&self, lock: &LockRef, change: Change) -> Change {
        if self.memory.puts(lock) { change.by_put(None) } else { change }
    }

    /// What the clocks that never step show now.
    pub(crate) fn reading(&self) -> Reading {
        Reading { boot: self.clock.boot(), monotonic: self.clock.monotonic() }
    }

    /// Promises that the client never repeats a request by itself, as one that
    /// [`crate::client_without_retries`] built.
    ///
    /// Then a write that could not be sent is known not to have happened, and ends soon as
    /// [`Error::Unavailable`]. Without the promise an earlier copy of it may have arrived, so
    /// the call goes on until its deadline and ends as [`Error::OutcomeUnknown`].
    #[must_use]
    pub fn with_client_that_sends_once(self) -> Self {
        Self { sends_once: true, ..self }
    }

    /// How long a request can live that nobody waits for any more: in proxies, in queues, in the
    /// API server. 60 seconds unless set. It decides until when an unknown outcome stays so.
    #[must_use]
    pub fn with_request_lifetime(self, request_lifetime: Duration) -> Self {
        Self { request_lifetime, ..self }
    }

    /// The lock of this name. For namespaced kinds, go on with [`Lock::namespace`].
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] unless `prefix/name` is a valid annotation key.
    pub fn lock(&self, name: &str) -> Result<Lock, Error> {
        Ok(Lock { locks: self.clone(), name: LockName::new(name)?, namespace: None })
    }
}
