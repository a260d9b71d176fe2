//! The object that carries the lock, and the lock on it.

use kubelock::{Error, GetOptions, LockState};

use super::Subject;
use super::diagnosis::Diagnosis;
use super::finding::Finding;
use crate::failure::Failure;
use crate::nearby::{Missing, Place};
use crate::output::{holder, text};

const CHECK: &str = "object";

/// What stands in the way of a write to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// Nothing: the lock could be taken.
    Free,
    /// The lock is held, or its record malformed.
    Taken,
    /// There is no such object.
    Missing,
    /// It was not seen.
    Unseen,
}

/// One read.
pub(super) async fn examine(subject: &Subject, diagnosis: &mut Diagnosis) -> Sight {
    let Subject { session, target, .. } = subject;
    let options = GetOptions { deadline: subject.timeout, ..GetOptions::default() };
    let seen = match session.lock(target) {
        Ok(lock) => lock.get(&target.object, options).await,
        Err(failure) => return unseen(failure, diagnosis),
    };
    match seen {
        Ok(state) => {
            let sight = if state.is_held() { Sight::Taken } else { Sight::Free };
            if subject.is_named {
                diagnosis.add(Finding::ok(CHECK, words(&state, subject)));
            }
            sight
        }
        Err(Error::ObjectMissing { .. }) if target.own_lease => {
            if subject.is_named {
                let words = format!("there is no {} yet: acquire makes it", target.place());
                diagnosis.add(Finding::ok(CHECK, words));
            }
            Sight::Missing
        }
        Err(Error::ObjectMissing { .. }) => {
            let missing = Finding::problem(CHECK, format!("there is no {}", target.place()));
            let elsewhere =
                target.namespace.as_ref().map(|_| ", or name another namespace with -n");
            let remedy = format!("create it first{}", elsewhere.unwrap_or_default());
            let nearby = session.nearby(Missing::Object, Place::of(target)).await;
            diagnosis.add(nearby.into_iter().fold(missing.remedy(remedy), Finding::remedy));
            Sight::Missing
        }
        Err(error @ Error::Malformed { .. }) => {
            diagnosis.add(Finding::failure(CHECK, session.explain("get", target, &error)));
            Sight::Taken
        }
        // Which verb is missing is the next thing to be looked at.
        Err(Error::Forbidden { .. }) => Sight::Unseen,
        Err(error) => unseen(session.explain("get", target, &error), diagnosis),
    }
}

fn unseen(failure: Failure, diagnosis: &mut Diagnosis) -> Sight {
    diagnosis.add(Finding::failure(CHECK, failure));
    Sight::Unseen
}

fn words(state: &LockState, subject: &Subject) -> String {
    let target = &subject.target;
    if !subject.has_lock {
        return format!("{} is there", target.place());
    }
    let lock = target.describe();
    match &state.record {
        None => format!("{lock} is free"),
        Some(record) if state.expired => {
            format!("{lock} has expired: that of {}", text::owner(&record.owner))
        }
        Some(record) => format!("{lock} is held by {}", holder::words(record, state.seen_at)),
    }
}
