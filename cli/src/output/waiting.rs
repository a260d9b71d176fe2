//! Who waits for a lock says for whom, and for how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kubelock::{Error, OnWait};

use super::aside::{self, Said};
use super::obstacle::{Now, Obstacle, Wanted};
use super::{talk, text};
use crate::failure::Failure;
use crate::secrets;
use crate::target::Target;

/// A wait, if it comes to one: on a terminal a line that counts, elsewhere a line whenever that is
/// for somebody else, and one a minute. Over when this is dropped.
pub(crate) struct Waiting(Wanted);

impl Waiting {
    pub(crate) fn of(target: &Target) -> Self {
        Self(Wanted::new(target))
    }

    /// To be told what is in the way. The API server is told of once, until it is back; and
    /// `unwatched` finds the words for an object that may not be watched.
    pub(crate) fn on_wait(
        &self,
        unwatched: impl Fn(&Error) -> Failure + Send + Sync + 'static,
    ) -> OnWait {
        let wanted = self.0.clone();
        let is_away = Arc::new(AtomicBool::new(false));
        OnWait::new(move |obstacle| {
            let (obstacle, is_news) = match obstacle {
                kubelock::Obstacle::Holder(held) => (Obstacle::of(held), true),
                kubelock::Obstacle::Still(held) => (Obstacle::of(held), false),
                kubelock::Obstacle::Trouble(error) => {
                    let message = text::paragraph(&secrets::hidden(&error.to_string()));
                    (Obstacle::Server(message), !is_away.load(Ordering::Relaxed))
                }
                kubelock::Obstacle::Unwatched(error) => return talk::warning(&unwatched(error)),
                _ => return,
            };
            is_away.store(matches!(obstacle, Obstacle::Server(_)), Ordering::Relaxed);
            tell(&wanted, obstacle, is_news);
        })
    }
}

impl Drop for Waiting {
    /// Whatever comes next finds the terminal as it was.
    fn drop(&mut self) {
        aside::tell_and_wait(Said::Over);
    }
}

/// Where there is no thread for it, no line counts.
fn tell(wanted: &Wanted, obstacle: Obstacle, is_news: bool) {
    let said = Said::Waits { wanted: wanted.clone(), obstacle, is_news };
    if let Some(Said::Waits { wanted, obstacle, is_news: true }) = aside::tell(said) {
        talk::write(&wanted.sentence(&obstacle, Now::read()));
    }
}
