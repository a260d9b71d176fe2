//! The way to the lock: at once, or after a wait that can be broken off.

use std::sync::atomic::{AtomicBool, Ordering};

use kubelock::{
    CancellationToken, Error, Guard, HoldOptions, Lock, LockName, Obstacle, OnWait, Wait,
};
use nix::sys::signal::Signal;
use tokio::sync::mpsc;

use super::signals::{Signals, ends};
use crate::commands::session::Session;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::output::talk;
use crate::output::waiting::Waiting;
use crate::sentence::{self, Situation};
use crate::target::{Carrier, Target};

/// How the wait ended.
pub(super) enum Taken {
    Held(Box<Target>, Box<Guard>),
    /// Somebody does not want to wait any longer, and nothing of it stays.
    Interrupted,
}

/// Takes the lock; says for whom it waits, unless it is to be quiet.
pub(super) async fn hold(
    session: &Session,
    carrier: &Carrier,
    name: &LockName,
    options: &HoldOptions,
    quiet: bool,
    stop: &CancellationToken,
) -> Result<Taken, Failure> {
    let Some(kind) = stop.run_until_cancelled(session.kind(carrier)).await else {
        return Ok(Taken::Interrupted);
    };
    let target = session.target(name.clone(), carrier, kind?);
    let lock = session.lock(&target)?;
    let waiting = (!quiet).then(|| Waiting::of(&target));
    let on_wait = waiting.as_ref().map(|it| it.on_wait(session.unwatched("run", &target)));
    let options = HoldOptions { on_wait, cancel: Some(stop.clone()), ..options.clone() };
    // From here on each call has its own.
    let deadline = call_deadline(session, &options);
    let has_waited = options.wait != Wait::No;
    let held = in_time(&lock, &target.object, options).await;
    drop(waiting);
    let at = |verb| {
        let command = "run";
        Situation { command, deadline, has_waited, ..session.situation(verb, &target) }
    };
    match held {
        Ok(guard) if stop.is_cancelled() => match guard.release().await {
            Ok(()) => Ok(Taken::Interrupted),
            Err(error) => Err(sentence::failure(&error, &at("release"))),
        },
        Ok(guard) => Ok(Taken::Held(Box::new(target), Box::new(guard))),
        Err(error) if error.is_cancelled() => Ok(Taken::Interrupted),
        Err(error) => {
            let failure = sentence::failure(&error, &at("acquire"));
            Err(session.with_nearby(&error, &target, failure).await)
        }
    }
}

/// How long one call of a hold may take.
pub(super) fn call_deadline(session: &Session, options: &HoldOptions) -> Deadline {
    let timeout = session.deadline.timeout();
    Deadline::of_call(timeout, options.deadline.unwrap_or(timeout))
}

/// Who waits is not told that a cluster cannot be reached: here the first trouble, before anybody
/// was found to have the lock, is the end.
async fn in_time(lock: &Lock, object: &str, options: HoldOptions) -> Result<Guard, Error> {
    let (told, mut trouble) = mpsc::unbounded_channel();
    let has_begun = AtomicBool::new(false);
    let on_wait = options.on_wait;
    let listen = OnWait::new(move |obstacle| match (obstacle, &on_wait) {
        (Obstacle::Trouble(error), _) if !has_begun.load(Ordering::Relaxed) => {
            // Nobody listens any more: then nobody is to be told.
            let _ = told.send(error.clone());
        }
        (obstacle, on_wait) => {
            has_begun.store(true, Ordering::Relaxed);
            if let Some(on_wait) = on_wait {
                on_wait.tell(obstacle);
            }
        }
    });
    let held = lock.hold(object, HoldOptions { on_wait: Some(listen), ..options });
    tokio::select! {
        biased;
        held = held => held,
        Some(error) = trouble.recv() => Err(error),
    }
}

/// Waits for a signal that ends a program; a stop is a stop while nothing is held.
pub(in crate::commands) async fn interruption(signals: &mut Signals) -> Signal {
    loop {
        match signals.next().await {
            Signal::SIGTSTP => {
                talk::pause();
                signals.stop().await;
                talk::resume();
            }
            signal if ends(signal) => return signal,
            _ => {}
        }
    }
}
