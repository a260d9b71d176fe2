//! What a caller may set for one call.

use std::time::Duration;

use kube::core::GroupVersionResource;
pub use kubelock_core::expiry::ExpiryRule;
use kubelock_core::ttl::Ttl;

use crate::error::Error;

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
}

impl Default for AcquireOptions {
    fn default() -> Self {
        Self {
            owner: String::new(),
            ttl: Duration::ZERO,
            expiry: ExpiryRule::default(),
            deadline: DEFAULT_DEADLINE,
            create_lease: false,
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
}

impl Default for ReleaseOptions {
    fn default() -> Self {
        Self {
            owner: String::new(),
            expiry: ExpiryRule::default(),
            deadline: DEFAULT_DEADLINE,
            spare_holds: false,
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

const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

impl AcquireOptions {
    /// Checks everything that can be checked before a request is sent. Returns the ttl.
    pub(crate) fn check(&self, gvr: &GroupVersionResource) -> Result<Ttl, Error> {
        check_owner(&self.owner)?;
        check_deadline(self.deadline)?;
        if self.create_lease
            && (gvr.group.as_str(), gvr.resource.as_str()) != ("coordination.k8s.io", "leases")
        {
            return Err(Error::InvalidConfig(format!(
                "only a Lease can be made for a lock, not {}",
                gvr.resource
            )));
        }
        Ok(Ttl::new(self.ttl)?)
    }
}

impl ReleaseOptions {
    /// Checks everything that can be checked before a request is sent.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_owner(&self.owner)?;
        check_deadline(self.deadline)
    }
}

impl GetOptions {
    /// Checks everything that can be checked before a request is sent.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_deadline(self.deadline)
    }
}

/// The Go package would write it, but no tool can show it or take it as an argument.
fn check_owner(owner: &str) -> Result<(), Error> {
    if !owner.contains('\0') {
        return Ok(());
    }
    let shown = kubelock_core::name::quoted(owner);
    Err(Error::InvalidConfig(format!("owner {shown} holds a NUL character: leave it out")))
}

fn check_deadline(deadline: Duration) -> Result<(), Error> {
    if !deadline.is_zero() {
        return Ok(());
    }
    let why = "a deadline of zero leaves no time for any request: choose a longer one";
    Err(Error::InvalidConfig(why.into()))
}
