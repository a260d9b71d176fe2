//! What a caller may set for a hold.

use std::time::Duration;

use kube::core::GroupVersionResource;
use kubelock_core::name::quoted;
pub use kubelock_core::takeover::Takeover;
use kubelock_core::terms::Terms;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::on_wait::OnWait;
use crate::options::{check_create_lease, check_owner};

/// Renewed every ten seconds; a dead holder's lock is free after thirty.
const TTL_DEFAULT: Duration = Duration::from_secs(30);
const REASON_MAX: usize = 1024;

/// Whether to wait for a lock that somebody else has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wait {
    /// Answer at once.
    #[default]
    No,
    /// For so long; a try that is under way then is finished.
    For(Duration),
    /// For as long as it takes.
    Forever,
}

impl Wait {
    /// Whether the answer is to come at once.
    pub fn is_none(self) -> bool {
        matches!(self, Self::No | Self::For(Duration::ZERO))
    }
}

/// How a lock is held.
///
/// Only the owner needs to be set.
///
/// # Units
/// Durations.
///
/// # Examples
/// ```
/// use kubelock::{HoldOptions, Wait};
/// use std::time::Duration;
///
/// let options = HoldOptions {
///     owner: "operator-7".into(),
///     wait: Wait::For(Duration::from_secs(60)),
///     reason: Some("schema migration".into()),
///     ..Default::default()
/// };
/// assert!(options.check().is_ok());
/// ```
#[derive(Debug, Clone, Default)]
pub struct HoldOptions {
    /// Who holds the lock: a label that everybody may read. What keeps two holds of one owner
    /// apart is the random id of each.
    pub owner: String,
    /// How long the record lasts without a renewal, at least 3 s; zero means 30 s.
    ///
    /// A shorter one frees a dead holder's lock sooner, and renews more often: three times a ttl.
    pub ttl: Duration,
    /// Whether to wait while somebody else has it.
    pub wait: Wait,
    /// Who is told what the call waits for.
    pub on_wait: Option<OnWait>,
    /// When somebody else's record may be replaced.
    pub takeover: Takeover,
    /// So much earlier than its record the hold ends: a tenth of the ttl and at least 500 ms,
    /// which clocks need that differ in rate, unless more is asked for.
    pub margin: Option<Duration>,
    /// How long each call may take, all attempts together: a sixth of the ttl at most, which it
    /// is, up to 10 s, unless set.
    pub deadline: Option<Duration>,
    /// Why the lock is held: kept in the record, for whoever waits. At most 1024 bytes.
    pub reason: Option<String>,
    /// Whether a Lease that does not exist is made, with the lock on it.
    ///
    /// Only for `leases` of `coordination.k8s.io`; needs the verb `create`.
    pub create_lease: bool,
    /// Whether the holder watches its own record, and so learns at once if somebody removes it;
    /// else at its next renewal. Costs one connection.
    pub watch: bool,
    /// Ends the call early once it is cancelled, within a second: a write that is under way has
    /// half of it to be answered, and what is not answered is looked for and removed.
    ///
    /// The call ends with [`Error::Cancelled`] if nothing of it stays, and with
    /// [`Error::OutcomeUnknown`] if that is not known; then it is looked for in the background.
    /// It may also have come to its own end meanwhile: then the lock is held.
    pub cancel: Option<CancellationToken>,
}

impl HoldOptions {
    /// Checks whether these options fit together; [`crate::Lock::hold`] does so before it sends
    /// anything.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`], which names what does not fit and what would.
    pub fn check(&self) -> Result<(), Error> {
        self.terms().map(drop)?;
        check_owner(&self.owner)?;
        self.check_reason()?;
        self.check_takeover()
    }

    /// The same, and whether the kind fits.
    pub(crate) fn checked(&self, gvr: &GroupVersionResource) -> Result<Terms, Error> {
        self.check()?;
        check_create_lease(self.create_lease, gvr)?;
        self.terms()
    }

    fn terms(&self) -> Result<Terms, Error> {
        let ttl = if self.ttl.is_zero() { TTL_DEFAULT } else { self.ttl };
        Ok(Terms::new(ttl, self.margin, self.deadline)?)
    }

    fn check_reason(&self) -> Result<(), Error> {
        match &self.reason {
            Some(reason) if reason.len() > REASON_MAX => Err(Error::InvalidConfig(format!(
                "the reason {} is too long: {REASON_MAX} bytes are the most",
                quoted(reason)
            ))),
            Some(reason) if reason.contains('\0') => Err(Error::InvalidConfig(format!(
                "the reason {} holds a NUL character: leave it out",
                quoted(reason)
            ))),
            _ => Ok(()),
        }
    }

    fn check_takeover(&self) -> Result<(), Error> {
        match self.takeover {
            Takeover::Observed { stale_after: None } if self.wait.is_none() => {
                Err(Error::InvalidConfig(
                    "a call that does not wait observes nothing, and without stale_after it could never take over the lock of a dead holder: set one of them".into(),
                ))
            }
            Takeover::Observed { stale_after: Some(after) }
                if after < Takeover::STALE_AFTER_MIN =>
            {
                Err(Error::InvalidConfig(format!(
                    "a stale_after of {after:?} is within what the clocks of API servers may differ by: the least is {:?}",
                    Takeover::STALE_AFTER_MIN
                )))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(options: &HoldOptions) -> String {
        options.check().unwrap_err().to_string()
    }

    #[test]
    fn an_owner_is_all_that_needs_to_be_set() {
        let options = HoldOptions { owner: "alice".into(), ..Default::default() };
        assert!(options.check().is_ok());
        assert_eq!(options.terms().unwrap().ttl().to_string(), "30s");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would() {
        let options = HoldOptions::default();
        let short = HoldOptions { ttl: Duration::from_secs(2), ..options.clone() };
        assert!(why(&short).contains("the least is 3s"), "{}", why(&short));
        let slow = HoldOptions { deadline: Some(Duration::from_secs(6)), ..options.clone() };
        assert!(why(&slow).contains("up to a sixth of it, 5s, does"), "{}", why(&slow));
        let narrow = HoldOptions { margin: Some(Duration::from_secs(1)), ..options.clone() };
        assert!(why(&narrow).contains("3s to 15s does"), "{}", why(&narrow));
        let long = HoldOptions { reason: Some("x".repeat(1025)), ..options.clone() };
        assert!(why(&long).contains("1024 bytes are the most"), "{}", why(&long));
        let hasty = Takeover::Observed { stale_after: Some(Duration::from_secs(9)) };
        let hasty = HoldOptions { takeover: hasty, ..options };
        assert!(why(&hasty).contains("the least is 10s"), "{}", why(&hasty));
    }

    #[test]
    fn a_call_that_does_not_wait_needs_a_way_to_take_over_from_the_dead() {
        let takeover = Takeover::Observed { stale_after: None };
        let options = HoldOptions { takeover, ..Default::default() };
        assert!(why(&options).contains("could never take over"), "{}", why(&options));
        let waiting = HoldOptions { wait: Wait::Forever, ..options };
        assert!(waiting.check().is_ok());
    }
}
