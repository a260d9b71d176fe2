//! The way to the lock: at once, or after a wait that can be broken off.

use kubelock::{Error, Guard, HoldOptions, Lock, LockName, Wait};
use nix::sys::signal::Signal;

use super::signals::{Signals, ends};
use crate::commands::session::Session;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::output::talk;
use crate::sentence::{self, Situation};
use crate::target::{Carrier, Target};

/// How the wait ended.
pub(super) enum Taken {
    Held(Box<Target>, Box<Guard>),
    /// Somebody does not want to wait any longer.
    Interrupted(Signal),
}

/// Takes the lock; says for whom it waits, unless it is to be quiet.
pub(super) async fn hold(
    session: &Session,
    carrier: &Carrier,
    name: &LockName,
    options: &HoldOptions,
    quiet: bool,
) -> Result<Taken, Failure> {
    let target = session.target(name.clone(), carrier, session.kind(carrier).await?);
    let lock = session.lock(&target)?;
    let on_wait = (!quiet).then(|| talk::waiting(&target));
    let options = HoldOptions { on_wait, ..options.clone() };
    // From here on each call has its own.
    let deadline = options.deadline.map_or(session.deadline, Deadline::after);
    match in_time(&lock, &target.object, options).await {
        Ok(guard) => Ok(Taken::Held(Box::new(target), Box::new(guard))),
        Err(error) => {
            let situation = Situation { deadline, ..session.situation("acquire", &target) };
            Err(sentence::failure(&error, &situation))
        }
    }
}

/// Asks once before it waits: who waits is not told that a cluster cannot be reached.
async fn in_time(lock: &Lock, object: &str, options: HoldOptions) -> Result<Guard, Error> {
    let at_once = HoldOptions { wait: Wait::No, ..options.clone() };
    match lock.hold(object, at_once).await {
        Err(Error::OwnerMismatch(_)) if options.wait != Wait::No => {
            lock.hold(object, options).await
        }
        result => result,
    }
}

/// Waits for a signal that ends a program; a stop is a stop while nothing is held.
pub(super) async fn interruption(signals: &mut Signals) -> Signal {
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
