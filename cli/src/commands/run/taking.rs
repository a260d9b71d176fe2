//! The way to the lock: at once, or after a wait that can be broken off.

use std::time::Duration;

use kubelock::{Error, Guard, HoldOptions, Lock, Wait};
use nix::sys::signal::Signal;

use super::signals::{Signals, ends};
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::target::Target;

/// What was written in vain is removed in the background, and gets so long for it.
const TIDYING: Duration = Duration::from_millis(500);

/// How the wait ended.
pub(super) enum Taken {
    Held(Box<Guard>),
    /// Somebody does not want to wait any longer.
    Interrupted(Signal),
}

/// Takes the lock, or ends with the signal that ends the wait.
pub(super) async fn take(
    session: &Session,
    target: &Target,
    options: HoldOptions,
    signals: &mut Signals,
) -> Result<Taken, Failure> {
    let lock = session.lock(target)?;
    tokio::select! {
        guard = hold(&lock, &target.object, options) => match guard {
            Ok(guard) => Ok(Taken::Held(Box::new(guard))),
            Err(error) => Err(session.explain("acquire", target, &error)),
        },
        signal = interruption(signals) => {
            tokio::time::sleep(TIDYING).await;
            Ok(Taken::Interrupted(signal))
        }
    }
}

/// Asks once before it waits: who waits is not told that a cluster cannot be reached.
async fn hold(lock: &Lock, object: &str, options: HoldOptions) -> Result<Guard, Error> {
    let at_once = HoldOptions { wait: Wait::No, ..options.clone() };
    match lock.hold(object, at_once).await {
        Err(Error::OwnerMismatch(_)) if options.wait != Wait::No => {
            lock.hold(object, options).await
        }
        result => result,
    }
}

/// Waits for a signal that ends a program; a stop is a stop while nothing is held.
async fn interruption(signals: &mut Signals) -> Signal {
    loop {
        match signals.next().await {
            Signal::SIGTSTP => {
                signals.stop().await;
            }
            signal if ends(signal) => return signal,
            _ => {}
        }
    }
}
