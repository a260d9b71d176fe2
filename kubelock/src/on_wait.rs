//! Who is told what a call waits for.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Held};

/// What stands in the way of a waiting call.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Obstacle<'a> {
    /// Another holder. Told again when that is another one.
    Holder(&'a Held),
    /// The holder that was told of before: it has renewed its record, or it was seen again after
    /// there was trouble.
    Still(&'a Held),
    /// The API server: it is away, busy, or fails. Told at each failure; the call tries again.
    Trouble(&'a Error),
    /// The object may not, or cannot, be watched: it is read every two to three seconds instead.
    /// Told once in a call.
    Unwatched(&'a Error),
}

/// Told what a waiting call waits for.
///
/// It is called from within the call: it must not block.
///
/// # Examples
/// ```
/// use kubelock::{HoldOptions, Obstacle, OnWait, Wait};
///
/// let options = HoldOptions {
///     owner: "operator-7".into(),
///     wait: Wait::Forever,
///     on_wait: Some(OnWait::new(|obstacle| match obstacle {
///         Obstacle::Holder(held) => eprintln!("waiting for {}", held.record.owner),
///         other => eprintln!("{other:?}"),
///     })),
///     ..Default::default()
/// };
/// ```
#[derive(Clone)]
pub struct OnWait(Arc<dyn Fn(Obstacle<'_>) + Send + Sync>);

impl OnWait {
    /// Tells `tell`.
    pub fn new(tell: impl Fn(Obstacle<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Tells it of an obstacle, as a waiting call does.
    pub fn tell(&self, obstacle: Obstacle<'_>) {
        (self.0)(obstacle);
    }
}

impl fmt::Debug for OnWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnWait")
    }
}
