//! Who is told for whom a call waits.

use std::fmt;
use std::sync::Arc;

use crate::error::Held;

/// Told whenever a waiting call finds another holder in its way.
///
/// It is called from within the call: it must not block.
///
/// # Examples
/// ```
/// use kubelock::{HoldOptions, OnWait, Wait};
///
/// let options = HoldOptions {
///     owner: "operator-7".into(),
///     wait: Wait::Forever,
///     on_wait: Some(OnWait::new(|held| eprintln!("waiting for {}", held.record.owner))),
///     ..Default::default()
/// };
/// ```
#[derive(Clone)]
pub struct OnWait(Arc<dyn Fn(&Held) + Send + Sync>);

impl OnWait {
    /// Tells `tell`.
    pub fn new(tell: impl Fn(&Held) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn tell(&self, held: &Held) {
        (self.0)(held);
    }
}

impl fmt::Debug for OnWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnWait")
    }
}
