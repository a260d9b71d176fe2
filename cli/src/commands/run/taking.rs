//! The way to the lock: at once, or after a wait that can be broken off.

use std::time::{Duration, Instant};

use kubelock::{Error, Guard, Held, HoldOptions, Lock, Wait};
use nix::sys::signal::Signal;

use super::signals::{Signals, ends};
use crate::args::CommonArgs;
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::output::{talk, text};
use crate::target::Target;

/// What was written in vain meanwhile is removed in the background; it gets so long.
const TIDYING: Duration = Duration::from_millis(500);

/// How the wait ended.
pub(super) enum Taken {
    Held(Box<Guard>),
    /// Somebody does not want to wait any longer.
    Interrupted(Signal),
}

/// Takes the lock; says for whom it waits.
pub(super) async fn take(
    session: &Session,
    target: &Target,
    options: HoldOptions,
    common: &CommonArgs,
    signals: &mut Signals,
) -> Result<Taken, Failure> {
    let lock = session.lock(target)?;
    let explain = |error: Error| session.explain("acquire", target, &error);
    let tell = |held: &Failure| talk::note(common, &format!("waiting: {}", held.message));
    tokio::select! {
        guard = hold(&lock, target, options, explain, tell) => {
            guard.map(|guard| Taken::Held(Box::new(guard)))
        }
        signal = interruption(signals) => {
            tokio::time::sleep(TIDYING).await;
            Ok(Taken::Interrupted(signal))
        }
    }
}

/// Asks once before it waits: so that an unreachable cluster is told at once, and a holder too.
async fn hold(
    lock: &Lock,
    target: &Target,
    options: HoldOptions,
    explain: impl Fn(Error) -> Failure,
    tell: impl Fn(&Failure),
) -> Result<Guard, Failure> {
    let started = Instant::now();
    let wait = options.wait;
    let at_once = HoldOptions { wait: Wait::No, ..options.clone() };
    let error = match lock.hold(&target.object, at_once).await {
        Err(error @ Error::OwnerMismatch(_)) if wait != Wait::No => error,
        result => return result.map_err(explain),
    };
    let because = error.held().and_then(reason);
    let mut held = explain(error);
    held.message.push_str(&because.unwrap_or_default());
    tell(&held);
    let wait = match wait {
        Wait::For(span) => Wait::For(span.saturating_sub(started.elapsed())),
        wait => wait,
    };
    lock.hold(&target.object, HoldOptions { wait, ..options }).await.map_err(explain)
}

/// `: schema migration`.
fn reason(held: &Held) -> Option<String> {
    let reason = held.record.reason.as_deref().filter(|reason| !reason.is_empty());
    reason.map(|reason| format!(": {}", text::line(reason)))
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
