//! The write that takes a lock, as a dry run.

use std::time::Duration;

use http::Method;
use kubelock_core::acquire::Outcome;
use kubelock_core::doubt::Failure;
use kubelock_core::record::Record;
use kubelock_core::timestamp::Timestamp;

use crate::acquiring::check_size;
use crate::error::Error;
use crate::kube_lock::KubeLock;
use crate::lock::Lock;
use crate::options::AcquireOptions;
use crate::session::Session;

/// What came of the dry run of an acquire: it would have succeeded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Rehearsal {
    /// The verb by which the record would have been written: `patch`, `update` or `create`.
    pub verb: &'static str,
    /// How long the answer to that one request took.
    pub took: Duration,
}

impl Lock {
    pub(crate) async fn try_rehearse(
        &self,
        object: &str,
        options: AcquireOptions,
    ) -> Result<Rehearsal, Error> {
        let lock = self.lock_ref(object)?;
        let ttl = options.check(&lock.gvr)?;
        let template = Record::new(options.owner.as_str(), Timestamp::GO_ZERO, ttl);
        check_size(&lock, &template.encode())?;
        let locks = KubeLock { dry_run: true, ..self.locks.clone() };
        let mut session = Session::new(&locks, &lock, options.deadline);
        let value = self.stamped(&template, options.expiry).encode();
        let mut call = self.acquire_call(&lock, &options, value);
        match session.drive(&mut call).await {
            Outcome::Acquired(_) => {
                Ok(Rehearsal { verb: word(session.verb()), took: session.since_sent() })
            }
            Outcome::Held { record, .. } => Err(self.held(&lock, *record, &options.owner)),
            Outcome::Malformed(source) => Err(Error::Malformed { lock: session.lock(), source }),
            // Only holds are told of these.
            Outcome::Seen(_) | Outcome::Missing => {
                Err(session.failed(None, Failure::ObjectMissing))
            }
            // Nothing is ever stored, so nothing is unknown.
            Outcome::Failed(Failure::Unknown(message)) => {
                Err(session.failed(None, Failure::Unavailable(message)))
            }
            Outcome::Failed(failure) => Err(session.failed(None, failure)),
        }
    }
}

fn word(verb: &Method) -> &'static str {
    match *verb {
        Method::PUT => "update",
        Method::POST => "create",
        _ => "patch",
    }
}
