//! How a lock is renewed that nobody holds in this process: what stands there is read, and
//! exactly that is replaced by the same record with a new stamp.

use kubelock_core::change::{Change, Outcome};
use kubelock_core::doubt::Failure;
use kubelock_core::ttl::Ttl;

use crate::acquired::Acquired;
use crate::error::Error;
use crate::lock::Lock;
use crate::options::RenewOptions;
use crate::session::Session;

impl Lock {
    pub(crate) async fn try_renew(
        &self,
        object: &str,
        options: RenewOptions,
    ) -> Result<Acquired, Error> {
        let ttl = options.check()?;
        let lock = self.lock_ref(object)?;
        let mut session = Session::new(&self.locks, &lock, options.deadline);
        let whole = self.locks.memory.puts(&lock);
        let mut sight = session.look(whole).await?;
        let mut version_at_hand = whole.then(|| sight.resource_version.clone());
        loop {
            let (old, record) = self.own(&lock, options.claimant(), options.expiry, &sight)?;
            let mut renewed = self.stamped(&record, options.expiry);
            renewed.ttl_nanos = ttl.map_or(record.ttl_nanos, Ttl::nanos);
            let call = Change::replace(sight.uid, old, renewed.encode());
            let mut call = if whole { call.by_put(version_at_hand.take()) } else { call };
            match session.drive(&mut call).await {
                Outcome::Changed(sight) | Outcome::Applied(sight) => {
                    let terms = (options.expiry, options.deadline);
                    return Ok(self.acquired(lock, terms, renewed, sight));
                }
                Outcome::Gone(_) if session.is_over() => {
                    return Err(session.failed(None, Failure::Contended));
                }
                // Its holder may have renewed it meanwhile, or somebody else may have it now.
                Outcome::Gone(now) => sight = now,
                Outcome::Vanished(_) => {
                    return Err(Error::NotFound { lock: session.lock(), expired: None });
                }
                Outcome::Failed(failure) => return Err(session.failed(Some(&renewed), failure)),
            }
        }
    }
}
