//! How a lock is broken: what was shown is removed, to the byte, and followed while its holder
//! renews it.

use std::time::Duration;

use kubelock_core::answer::Sight;
use kubelock_core::breaking::{Decision, Permit, decide};
use kubelock_core::change::{Change, Outcome};
use kubelock_core::doubt::Failure;
use kubelock_core::expiry::{Clocks, ExpiryRule};
use kubelock_core::record::Record;

use crate::error::Error;
use crate::lock_ref::LockRef;
use crate::options::{DEFAULT_DEADLINE, check_deadline};
use crate::session::Session;
use crate::standing::Standing;
use crate::telemetry;

/// What may be broken, and how long the call may take.
#[derive(Debug, Clone)]
pub struct BreakOptions {
    /// Breaks a record that has not expired, too: its holder may be at work.
    pub live: bool,
    /// Removes what is no record, too: nobody knows whose it is.
    pub malformed: bool,
    /// When a record counts as expired.
    pub expiry: ExpiryRule,
    /// How long the call may take, all attempts together.
    pub deadline: Duration,
}

impl Default for BreakOptions {
    fn default() -> Self {
        Self {
            live: false,
            malformed: false,
            expiry: ExpiryRule::default(),
            deadline: DEFAULT_DEADLINE,
        }
    }
}

/// What was taken away.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Broken {
    /// Which lock.
    pub lock: LockRef,
    /// The record that was removed, as it stood last; `None` if it was no record.
    pub record: Option<Record>,
    /// Whether its holder may have been at work.
    pub was_live: bool,
    /// Whether the server confirmed it. If not, an attempt got no answer and what was to be
    /// removed is gone: by that attempt, as far as can be told.
    pub is_confirmed: bool,
}

/// What one attempt came to.
enum Attempt {
    Broken {
        is_confirmed: bool,
    },
    /// What was to be removed is not there any more, but this is.
    Changed(Sight),
}

impl Standing {
    pub(crate) async fn try_break(&self, options: BreakOptions) -> Result<Broken, Error> {
        check_deadline(options.deadline)?;
        let locks = &self.lock.locks;
        let mut session = Session::new(locks, &self.lock_ref, options.deadline);
        let (mut sight, mut clocks) = (self.sight.clone(), self.clocks());
        loop {
            let (value, record, was_live) = self.decided(&options, &sight, clocks)?;
            let change = Change::remove(sight.uid, value);
            let call = locks.by_known_verb(&self.lock_ref, change);
            match self.attempt(&mut session, call, record.as_ref()).await? {
                Attempt::Broken { is_confirmed } => {
                    telemetry::broken(&self.lock_ref, record.as_ref());
                    let lock = self.lock_ref.clone();
                    return Ok(Broken { lock, record, was_live, is_confirmed });
                }
                Attempt::Changed(_) if session.is_over() => {
                    return Err(session.failed(None, Failure::Contended));
                }
                Attempt::Changed(now) => {
                    clocks = Clocks { local: locks.clock.wall(), server: now.date };
                    sight = now;
                }
            }
        }
    }

    async fn attempt(
        &self,
        session: &mut Session<'_>,
        mut call: Change,
        record: Option<&Record>,
    ) -> Result<Attempt, Error> {
        match session.drive(&mut call).await {
            Outcome::Changed(_) | Outcome::Applied(_) => Ok(Attempt::Broken { is_confirmed: true }),
            // Its holder may have renewed it before the attempt came, which then did nothing.
            Outcome::Vanished(sight) if self.stands_in(&sight) => Ok(Attempt::Changed(sight)),
            Outcome::Vanished(_) => Ok(Attempt::Broken { is_confirmed: false }),
            Outcome::Gone(sight) => Ok(Attempt::Changed(sight)),
            Outcome::Failed(failure) => Err(session.failed(record, failure)),
        }
    }

    /// Whether what was shown still stands there, renewed or not.
    fn stands_in(&self, sight: &Sight) -> bool {
        let everything = Permit { live: true, malformed: true };
        let clocks = self.clocks();
        let decision = decide(&self.shown, everything, sight, ExpiryRule::default(), clocks);
        matches!(decision, Decision::Remove { .. })
    }

    /// The bytes to be removed, what they say, and whether their holder may be at work.
    fn decided(
        &self,
        options: &BreakOptions,
        sight: &Sight,
        clocks: Clocks,
    ) -> Result<(String, Option<Record>, bool), Error> {
        let permit = Permit { live: options.live, malformed: options.malformed };
        let lock = || Box::new(self.lock_ref.clone());
        let held = |record| self.lock.seen_held(&self.lock_ref, record);
        match decide(&self.shown, permit, sight, options.expiry, clocks) {
            Decision::Remove { value, record, is_live } => Ok((value, record, is_live)),
            Decision::Gone => Err(Error::NotFound { lock: lock(), expired: None }),
            Decision::Live(record) => Err(Error::StillLive(held(record))),
            Decision::Another(record) => Err(Error::OwnerMismatch(held(record))),
            Decision::Malformed(source) => Err(Error::Malformed { lock: lock(), source }),
        }
    }
}
