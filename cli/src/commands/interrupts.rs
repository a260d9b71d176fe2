//! Ctrl-C and its like, for commands that have something to put in order before they end.
//!
//! The first one stops what is under way, which has a second for that; a second one ends the
//! program at once. Either way it dies of the signal, so that shells end the loop around it.

use kubelock::CancellationToken;

use crate::failure::Failure;
use crate::output::aside::Aside;

#[cfg(unix)]
pub(super) use of_unix::{Signalled, in_order};

/// How a piece of work ended.
pub(super) struct Worked<T> {
    /// What came of it, unless it was broken off.
    pub(super) result: Option<T>,
    /// What interrupted it.
    pub(super) signal: Option<Signalled>,
}

/// Signals that would end the program reach it here, from now on.
pub(super) struct Interrupts {
    #[cfg(unix)]
    signals: super::run::signals::Signals,
    aside: Option<Aside>,
}

/// A signal, where there are none.
#[cfg(not(unix))]
#[derive(Debug, Clone, Copy)]
pub(super) enum Signalled {}

impl Interrupts {
    /// After a credential plugin, which is to hear Ctrl-C, and before there are threads.
    pub(super) fn take_over() -> Result<Self, Failure> {
        #[cfg(unix)]
        let signals = super::run::signals::Signals::take_over()
            .map_err(|error| Failure::failed(format!("cannot watch for signals: {error}")))?;
        // Whoever reads stderr must not keep a signal from being heard.
        let aside = Aside::start()
            .map_err(|error| Failure::failed(format!("cannot start a thread: {error}")))?;
        Ok(Self {
            #[cfg(unix)]
            signals,
            aside: Some(aside),
        })
    }

    /// Work that leaves nothing behind: a signal ends the program at once.
    pub(super) async fn at_once<T>(&mut self, work: impl Future<Output = T>) -> T {
        #[cfg(unix)]
        tokio::select! {
            biased;
            signal = super::run::taking::interruption(&mut self.signals) => self.die(signal),
            done = work => done,
        }
        #[cfg(not(unix))]
        work.await
    }

    /// Work that a signal stops: it has a second to see `stop` and to come to an end.
    pub(super) async fn in_order<T>(
        &mut self,
        stop: &CancellationToken,
        work: impl Future<Output = T>,
    ) -> Worked<T> {
        #[cfg(unix)]
        return in_order(&mut self.signals, stop, work).await;
        #[cfg(not(unix))]
        {
            let _ = stop;
            Worked { result: Some(work.await), signal: None }
        }
    }

    /// Signals do what they always do again: whoever reads what is printed may be slow.
    pub(super) fn let_go(&self) {
        // It fails for masks that do not exist.
        #[cfg(unix)]
        let _ = self.signals.let_go();
        #[cfg(not(unix))]
        let Self { aside: _ } = self;
    }

    /// It is done, and that is said: a signal comes too late from here on.
    pub(super) fn done(mut self) {
        drop(self.aside.take());
        std::mem::forget(self);
    }

    /// Ends the program as the signal does, once all is said.
    pub(super) fn die(&mut self, signal: Signalled) -> ! {
        drop(self.aside.take());
        #[cfg(unix)]
        of_unix::die(signal);
        #[cfg(not(unix))]
        match signal {}
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.let_go();
    }
}

#[cfg(unix)]
mod of_unix {
    use std::pin::pin;
    use std::time::Duration;

    use kubelock::CancellationToken;
    use nix::sys::signal::Signal;
    use tokio::time::sleep;

    use super::Worked;
    use crate::client;
    use crate::commands::run::signals::{self, Signals};
    use crate::commands::run::taking::interruption;
    use crate::output::talk;

    /// What is under way has so long to come to an end.
    const GRACE: Duration = Duration::from_secs(1);
    /// What comes sooner after the first one is the same: `timeout` and some keyboards send two.
    const ECHO: Duration = Duration::from_millis(200);

    pub(in crate::commands) type Signalled = Signal;

    /// The same for whoever has the signals already.
    pub(in crate::commands) async fn in_order<T>(
        signals: &mut Signals,
        stop: &CancellationToken,
        work: impl Future<Output = T>,
    ) -> Worked<T> {
        let mut work = pin!(work);
        let signal = tokio::select! {
            biased;
            signal = interruption(signals) => signal,
            done = &mut work => return Worked { result: Some(done), signal: None },
        };
        stop.cancel();
        let result = tokio::select! {
            biased;
            done = work => Some(done),
            () = again(signals) => None,
            () = sleep(GRACE) => None,
        };
        Worked { result, signal: Some(signal) }
    }

    /// Comes about when somebody does not want to wait for the end either.
    async fn again(signals: &mut Signals) {
        sleep(ECHO).await;
        signals.forget();
        talk::show("interrupted: what is under way has a second; a second Ctrl-C ends it at once");
        interruption(signals).await;
    }

    pub(super) fn die(signal: Signal) -> ! {
        client::kill_alone();
        signals::die_of(signal, false);
        // It is ignored by now.
        std::process::exit(128 + signal as i32)
    }
}
