//! What a caller may set for one call.

use std::time::Duration;

use kube::core::GroupVersionResource;
use kubelock_core::claimant::Claimant;
pub use kubelock_core::expiry::ExpiryRule;
use kubelock_core::record::HoldId;
use kubelock_core::ttl::Ttl;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::hold_options::{Takeover, Wait};
use crate::on_wait::OnWait;
use crate::waiting::Plan;

/// How one call takes a lock.
///
/// # Units
/// Durations; `ttl` is stored in nanoseconds, and zero means five minutes, as in the Go package.
///
/// # Examples
/// ```
/// use kubelock::AcquireOptions;
/// use std::time::Duration;
///
/// let options = AcquireOptions { owner: "operator-7".into(), ttl: Duration::from_secs(30), ..Default::default() };
/// assert_eq!(options.deadline, Duration::from_secs(10));
/// ```
#[derive(Debug, Clone)]
pub struct AcquireOptions {
    /// Who holds the lock: a label that everybody may read.
    pub owner: String,
    /// How long the lock is held unless it is released; zero means five minutes.
    pub ttl: Duration,
    /// When somebody else's lock counts as expired.
    pub expiry: ExpiryRule,
    /// How long the call may take, all attempts together.
    pub deadline: Duration,
    /// Whether a Lease that does not exist is made, with the lock on it.
    ///
    /// Only for `leases` of `coordination.k8s.io`; needs the verb `create`.
    pub create_lease: bool,
    /// Whether to wait while another owner has the lock. The deadline then is that of each try.
    pub wait: Wait,
    /// Who is told what the call waits for.
    pub on_wait: Option<OnWait>,
    /// Ends the call early once it is cancelled, within a second: a write that is under way has
    /// half of it to be answered, and what is not answered is looked for and removed.
    ///
    /// The call ends with [`Error::Cancelled`] if nothing of it stays, and with
    /// [`Error::OutcomeUnknown`] if that is not known; then it is looked for in the background.
    /// It may also have come to its own end meanwhile: then the lock is acquired.
    pub cancel: Option<CancellationToken>,
}

impl Default for AcquireOptions {
    fn default() -> Self {
        Self {
            owner: String::new(),
            ttl: Duration::ZERO,
            expiry: ExpiryRule::default(),
            deadline: DEFAULT_DEADLINE,
            create_lease: false,
            wait: Wait::No,
            on_wait: None,
            cancel: None,
        }
    }
}

/// How one call gives a lock back.
#[derive(Debug, Clone)]
pub struct ReleaseOptions {
    /// Whose lock it is: another owner's is refused.
    pub owner: String,
    /// When the lock counts as expired, hence as not found.
    pub expiry: ExpiryRule,
    /// How long the call may take, all attempts together.
    pub deadline: Duration,
    /// Leaves a record alone that carries the id of a hold, even one with this owner's label.
    ///
    /// Off by default: the Go package knows no ids, and releases by owner.
    pub spare_holds: bool,
    /// The hold whose record it is: then the owner does not count, and no other record.
    pub hold: Option<HoldId>,
}

impl Default for ReleaseOptions {
    fn default() -> Self {
        Self {
            owner: String::new(),
            expiry: ExpiryRule::default(),
            deadline: DEFAULT_DEADLINE,
            spare_holds: false,
            hold: None,
        }
    }
}

/// How one call renews a lock.
#[derive(Debug, Clone)]
pub struct RenewOptions {
    /// Whose lock it is: another owner's is refused, and a record with the id of a hold, too.
    pub owner: String,
    /// The hold whose record it is: then the owner does not count, and no other record.
    pub hold: Option<HoldId>,
    /// How long the lock is held from now on; that of the record unless set.
    pub ttl: Option<Duration>,
    /// When the lock counts as expired, hence as not found.
    pub expiry: ExpiryRule,
    /// How long the call may take, all attempts together.
    pub deadline: Duration,
}

impl Default for RenewOptions {
    fn default() -> Self {
        Self {
            owner: String::new(),
            hold: None,
            ttl: None,
            expiry: ExpiryRule::default(),
            deadline: DEFAULT_DEADLINE,
        }
    }
}

/// How one call reads a lock.
#[derive(Debug, Clone)]
pub struct GetOptions {
    /// When the lock counts as expired.
    pub expiry: ExpiryRule,
    /// How long the call may take, all attempts together.
    pub deadline: Duration,
}

impl Default for GetOptions {
    fn default() -> Self {
        Self { expiry: ExpiryRule::default(), deadline: DEFAULT_DEADLINE }
    }
}

pub(crate) const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

impl AcquireOptions {
    /// Checks everything that can be checked before a request is sent. Returns the ttl.
    pub(crate) fn check(&self, gvr: &GroupVersionResource) -> Result<Ttl, Error> {
        check_owner(&self.owner)?;
        check_deadline(self.deadline)?;
        check_create_lease(self.create_lease, gvr)?;
        Ok(Ttl::new(self.ttl)?)
    }

    /// How to wait: by the clocks, as the call itself judges.
    pub(crate) fn plan(&self, ttl: Ttl) -> Plan {
        Plan {
            wait: self.wait,
            takeover: Takeover::WallClock { expiry: self.expiry, tolerance: Duration::ZERO },
            create_lease: self.create_lease,
            call: self.deadline,
            ttl,
            on_wait: self.on_wait.clone(),
        }
    }
}

impl ReleaseOptions {
    /// Checks everything that can be checked before a request is sent.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_owner(&self.owner)?;
        check_deadline(self.deadline)
    }

    pub(crate) fn claimant(&self) -> Claimant<'_> {
        claimant(&self.owner, self.hold.as_ref(), self.spare_holds)
    }
}

impl RenewOptions {
    /// Checks everything that can be checked before a request is sent. Returns the new ttl.
    pub(crate) fn check(&self) -> Result<Option<Ttl>, Error> {
        check_owner(&self.owner)?;
        check_deadline(self.deadline)?;
        Ok(self.ttl.map(Ttl::new).transpose()?)
    }

    pub(crate) fn claimant(&self) -> Claimant<'_> {
        claimant(&self.owner, self.hold.as_ref(), true)
    }
}

fn claimant<'a>(owner: &'a str, hold: Option<&'a HoldId>, spare_holds: bool) -> Claimant<'a> {
    match hold {
        Some(id) => Claimant::Hold(id),
        None => Claimant::Owner { owner, spare_holds },
    }
}

/// Nothing but a Lease is made for a lock.
pub(crate) fn check_create_lease(
    create_lease: bool,
    gvr: &GroupVersionResource,
) -> Result<(), Error> {
    let kind = (gvr.group.as_str(), gvr.resource.as_str());
    if !create_lease || kind == ("coordination.k8s.io", "leases") {
        return Ok(());
    }
    let why = format!("only a Lease can be made for a lock, not {}", gvr.resource);
    Err(Error::InvalidConfig(why))
}

impl GetOptions {
    /// Checks everything that can be checked before a request is sent.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_deadline(self.deadline)
    }
}

/// The Go package would write it, but no tool can show it or take it as an argument.
pub(crate) fn check_owner(owner: &str) -> Result<(), Error> {
    if !owner.contains('\0') {
        return Ok(());
    }
    let shown = kubelock_core::name::quoted(owner);
    Err(Error::InvalidConfig(format!("owner {shown} holds a NUL character: leave it out")))
}

pub(crate) fn check_deadline(deadline: Duration) -> Result<(), Error> {
    if !deadline.is_zero() {
        return Ok(());
    }
    let why = "a deadline of zero leaves no time for any request: choose a longer one";
    Err(Error::InvalidConfig(why.into()))
}
