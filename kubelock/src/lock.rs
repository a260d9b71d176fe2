//! One named lock: taken, read and given back as the Go package does.

use kubelock_core::expiry::Clocks;
use kubelock_core::name::{AnnotationKey, LockName, PathSegment};
use kubelock_core::record::Record;

use crate::acquired::Acquired;
use crate::error::{Error, Held};
use crate::guard::Guard;
use crate::hold_options::HoldOptions;
use crate::kube_lock::KubeLock;
use crate::lock_ref::LockRef;
use crate::lock_state::LockState;
use crate::options::{AcquireOptions, GetOptions, ReleaseOptions, RenewOptions};
use crate::rehearsal::Rehearsal;
use crate::session::Session;
use crate::span::{call_span, traced};

/// A named lock, on whichever object a call names.
///
/// For namespaced kinds, set [`Lock::namespace`] first.
#[derive(Clone)]
pub struct Lock {
    pub(crate) locks: KubeLock,
    pub(crate) name: LockName,
    pub(crate) namespace: Option<PathSegment>,
}

impl Lock {
    /// The same lock on objects of this namespace.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] unless it is an RFC 1123 label.
    pub fn namespace(self, namespace: &str) -> Result<Self, Error> {
        Ok(Self { namespace: Some(PathSegment::namespace(namespace)?), ..self })
    }

    /// Takes the lock on `object`, if it is free or has expired.
    ///
    /// A free lock takes one request; a held one two. On the first contact with an object it
    /// is a guess whether it has any annotations; a wrong one costs a request more. Where `patch`
    /// is forbidden and `update` is not, it takes the read of the object and a PUT.
    ///
    /// # Guarantees
    /// Of all that call at once, here or with the Go package, one gets the lock. No write of
    /// anybody else's to the object disturbs it, nor is any overwritten.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if this owner holds it, [`Error::OwnerMismatch`] if another does,
    /// [`Error::InvalidConfig`], [`Error::ObjectMissing`], [`Error::Malformed`],
    /// [`Error::Forbidden`], [`Error::Refused`], [`Error::Altered`], [`Error::Unavailable`],
    /// [`Error::Contended`], and [`Error::OutcomeUnknown`] if the deadline came before it was known whether the
    /// record was written: it may stand then, and may yet come to stand. [`Error::NotFound`] if
    /// somebody removed the record between two writes of this call.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the lock taken, for its ttl at most. With
    /// [`AcquireOptions::cancel`] a call ends early and in order.
    ///
    /// # Source
    /// `Lock.Acquire` of the Go package; `docs/protocol.md` in the repository for the requests.
    pub async fn acquire(&self, object: &str, options: AcquireOptions) -> Result<Acquired, Error> {
        traced(call_span!("kubelock.acquire", self, object), self.try_acquire(object, options))
            .await
    }

    /// Takes the lock on `object` and keeps it: renewed in the background until the guard is
    /// released, dropped or lost. Waits for it if the options say so.
    ///
    /// A free lock takes one request, and a held one two and a watch. Not for one short write
    /// that the API server could do by itself with a resourceVersion: that needs no lock.
    ///
    /// # Guarantees
    /// At no instant do two guards validly hold the lock, nor a guard and a holder by
    /// [`Lock::acquire`] or the Go package, as long as nobody outside of the protocol removes a
    /// record. Nothing is sent while waiting but one watch, and a read about once a minute.
    /// # Assumptions
    /// As the option `takeover` says. By default no clocks need to agree, but for records that
    /// have been dead for a minute.
    /// # Shape
    /// That of [`Record`], with `hold` and the other fields of ours.
    /// # Errors
    /// [`Error::OwnerMismatch`] if somebody has it, of whatever name, and the wait is over;
    /// [`Error::InvalidConfig`] if the options do not fit together, [`Error::ObjectMissing`],
    /// [`Error::ObjectTerminating`], [`Error::Malformed`], [`Error::Forbidden`] (`patch`, or
    /// `update`, and `get` are needed, `watch` to wait without polling), [`Error::Refused`],
    /// [`Error::Altered`], [`Error::Unordered`], [`Error::Unavailable`], and
    /// [`Error::OutcomeUnknown`]. Who waits is not told of an API server that is away, but when
    /// the wait is over.
    /// # Cancel safety
    /// Dropping the future gives up. A record that was already written, or is on its way, is
    /// removed in the background, and lasts for the ttl at most. With [`HoldOptions::cancel`] a
    /// call ends early and says what became of it.
    /// # Examples
    /// ```
    /// use kubelock::{HoldOptions, Wait};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), kubelock::Error> {
    /// # use kubelock::{Config, KubeLock};
    /// # let client = sandbox::Sandbox::new().client();
    /// # let gvr = kube::core::GroupVersionResource::gvr("", "v1", "configmaps");
    /// # let lock = KubeLock::new(Config { client, gvr })?.lock("deploy")?.namespace("default")?;
    /// let options = HoldOptions { owner: "operator-7".into(), wait: Wait::Forever, ..Default::default() };
    /// let guard = lock.hold("app", options).await?;
    /// match guard.while_held(async { /* … work … */ }).await {
    ///     Ok(()) => guard.release().await,
    ///     Err(lost) => Ok(eprintln!("{lost}")),
    /// }
    /// # }
    /// ```
    pub async fn hold(&self, object: &str, options: HoldOptions) -> Result<Guard, Error> {
        // On the heap: the futures of callers that hold and wait stay small.
        let call = Box::pin(self.try_hold(object, options));
        traced(call_span!("kubelock.hold", self, object), call).await
    }

    /// Prolongs the lock on `object`, if this owner or this hold has it.
    ///
    /// Two requests: the read that shows the record, and the write that replaces exactly it.
    /// [`Lock::hold`] needs one, and does it by itself.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none or it has expired, whoever's it is: what has expired
    /// is not revived; [`Error::OwnerMismatch`] if another owner or another hold has it; the
    /// others as [`Lock::acquire`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves the lock renewed or not.
    pub async fn renew(&self, object: &str, options: RenewOptions) -> Result<Acquired, Error> {
        traced(call_span!("kubelock.renew", self, object), self.try_renew(object, options)).await
    }

    /// Gives the lock on `object` back, if this owner holds it.
    ///
    /// Two requests: the read that shows the record, and the write that removes exactly it.
    /// [`Acquired::release`] needs one.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none or it has expired, whoever's it is;
    /// [`Error::OwnerMismatch`] if another owner holds it; the others as [`Lock::acquire`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves the lock released or not; calling again settles it.
    ///
    /// # Source
    /// `Lock.Release` of the Go package.
    pub async fn release(&self, object: &str, options: ReleaseOptions) -> Result<(), Error> {
        traced(call_span!("kubelock.release", self, object), self.try_release(object, options))
            .await
    }

    /// Tries the write that takes the lock on `object` as a dry run: nothing is stored.
    ///
    /// The API server does with it all that it does with a real one: authorisation, admission by
    /// policies and webhooks, validation. For tools that tell beforehand what would go wrong; it
    /// takes no lock, and says nothing of who gets it a moment later.
    ///
    /// The requests are those of [`Lock::acquire`]. Of the options, `wait` is ignored.
    ///
    /// # Errors
    /// Those of [`Lock::acquire`], but for [`Error::OutcomeUnknown`]: what is never stored is
    /// [`Error::Unavailable`] when it gets no answer.
    ///
    /// # Cancel safety
    /// Nothing is written.
    ///
    /// # Source
    /// Kubernetes API concepts, "Dry-run"; KEP-576.
    pub async fn rehearse(
        &self,
        object: &str,
        options: AcquireOptions,
    ) -> Result<Rehearsal, Error> {
        traced(call_span!("kubelock.rehearse", self, object), self.try_rehearse(object, options))
            .await
    }

    /// Reads the lock on `object`. One request, never served from a cache.
    ///
    /// # Errors
    /// [`Error::ObjectMissing`], [`Error::Malformed`], [`Error::Forbidden`], [`Error::Refused`],
    /// [`Error::Unavailable`].
    ///
    /// # Cancel safety
    /// Nothing is written.
    pub async fn get(&self, object: &str, options: GetOptions) -> Result<LockState, Error> {
        traced(call_span!("kubelock.get", self, object), self.try_get(object, options)).await
    }

    async fn try_get(&self, object: &str, options: GetOptions) -> Result<LockState, Error> {
        options.check()?;
        let lock = self.lock_ref(object)?;
        let mut session = Session::new(&self.locks, &lock, options.deadline);
        let sight = session.look(false).await?;
        let seen_at = self.locks.clock.wall();
        let record = sight
            .value
            .as_deref()
            .map(Record::decode)
            .transpose()
            .map_err(|source| Error::Malformed { lock: Box::new(lock.clone()), source })?;
        let clocks = Clocks { local: seen_at, server: sight.date };
        let expired =
            record.as_ref().is_some_and(|record| options.expiry.is_expired(record, clocks));
        Ok(LockState {
            lock,
            record,
            expired,
            uid: sight.uid,
            resource_version: sight.resource_version,
            seen_at,
        })
    }

    /// Names the lock on this object.
    pub(crate) fn lock_ref(&self, object: &str) -> Result<LockRef, Error> {
        Ok(LockRef {
            name: self.name.clone(),
            key: AnnotationKey::new(&self.locks.prefix, &self.name),
            gvr: self.locks.gvr.clone(),
            namespace: self.namespace.clone(),
            object: PathSegment::object(object)?,
        })
    }

    /// The lock in somebody's hands, as of now.
    pub(crate) fn seen_held(&self, lock: &LockRef, record: Record) -> Box<Held> {
        let seen_at = self.locks.clock.wall();
        Box::new(Held { lock: lock.clone(), record, seen_at, free_after: None })
    }
}
