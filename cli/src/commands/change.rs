//! A call that changes a lock that is there, and can be interrupted.

use kubelock::{CancellationToken, Error};

use super::interrupts::{Interrupts, Signalled, Worked};
use super::session::Session;
use crate::failure::Failure;
use crate::target::Target;

/// The call, and what it is called.
pub(super) struct Change<C> {
    pub(super) verb: &'static str,
    pub(super) done: &'static str,
    pub(super) call: C,
}

impl<C> Change<C> {
    /// What came of it, and what interrupted it. As long as nothing is written it is stopped at
    /// once; a write that is on its way has a second.
    pub(super) async fn made<T>(
        self,
        session: &Session,
        target: &Target,
        interrupts: &mut Interrupts,
    ) -> (Result<T, Failure>, Option<Signalled>)
    where
        C: Future<Output = Result<T, Error>>,
    {
        let stop = CancellationToken::new();
        let work = session.unless_stopped(&stop, self.call);
        let Worked { result, signal } = interrupts.in_order(&stop, work).await;
        let made = match result.flatten() {
            Some(Ok(made)) => Ok(made),
            Some(Err(error)) if signal.is_none() => {
                interrupts.at_once(session.explained(self.verb, target, Err(error))).await
            }
            Some(Err(error)) => Err(session.explain(self.verb, target, &error)),
            None => Err(session.broken_off(self.done, target)),
        };
        (made, signal)
    }
}
