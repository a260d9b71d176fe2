//! What policies and webhooks make of our annotation: the write of an acquire, as a dry run.

use kubelock::{AcquireOptions, Error, Rehearsal};

use super::diagnosis::Diagnosis;
use super::finding::{Finding, Verdict};
use super::object::Sight;
use super::{STAND_IN, Subject};
use crate::failure::Failure;
use crate::nearby::{Missing, Place};
use crate::output::text;
use crate::owner;
use crate::target::Carrier;
use crate::target::{Target, lock_name};

const CHECK: &str = "admission";
const CANDIDATES: &str = "get mutatingwebhookconfigurations,mutatingadmissionpolicies";

/// Where nothing may be written.
pub(super) fn skip(diagnosis: &mut Diagnosis) {
    let words = "not tried: nothing could be written";
    diagnosis.add(Finding::new(CHECK, Verdict::Skipped, words));
}

/// Whether the write would succeed.
pub(super) async fn examine(subject: &Subject, sight: Sight, diagnosis: &mut Diagnosis) -> bool {
    let outcome = rehearse(subject, sight).await;
    let succeeds = outcome.is_ok();
    diagnosis.add(match outcome {
        Ok(rehearsal) => Finding::ok(CHECK, praise(&rehearsal)),
        Err(NotRehearsed::Error(target, error)) => {
            let nearby = match Missing::of(&error, &target) {
                Some(missing) => subject.session.nearby(missing, Place::of(&target)).await,
                None => None,
            };
            nearby.into_iter().fold(finding(subject, &target, &error), Finding::remedy)
        }
        Err(NotRehearsed::Failure(failure)) => Finding::failure(CHECK, failure),
    });
    succeeds
}

/// Why a dry run did not succeed.
pub(super) enum NotRehearsed {
    Error(Box<Target>, Error),
    Failure(Failure),
}

/// One dry run.
pub(super) async fn rehearse(subject: &Subject, sight: Sight) -> Result<Rehearsal, NotRehearsed> {
    let target = written(subject, sight).map_err(NotRehearsed::Failure)?;
    let options = AcquireOptions {
        owner: owner::default(),
        deadline: subject.timeout,
        create_lease: target.own_lease,
        ..AcquireOptions::default()
    };
    let lock = subject.session.lock(&target).map_err(NotRehearsed::Failure)?;
    lock.rehearse(&target.object, options)
        .await
        .map_err(|error| NotRehearsed::Error(Box::new(target), error))
}

/// The lock in question, or one beside it while it is held.
fn written(subject: &Subject, sight: Sight) -> Result<Target, Failure> {
    let mut target = subject.target.clone();
    if sight == Sight::Taken {
        target.lock = lock_name(STAND_IN, &Carrier::Lease)?;
        target.own_lease = false;
    }
    Ok(target)
}

fn praise(rehearsal: &Rehearsal) -> String {
    let verb = rehearsal.verb;
    format!("a dry run of the write that takes a lock ({verb}) passes unaltered")
}

fn finding(subject: &Subject, target: &Target, error: &Error) -> Finding {
    match error {
        Error::Altered { .. } => {
            Finding::problem(CHECK, "a mutating webhook or policy alters the annotation of locks")
                .remedy(format!("exempt annotations that begin with {}", prefix(error)))
                .remedy(format!("candidates: {}", subject.session.flags().kubectl_line(CANDIDATES)))
        }
        Error::Refused { code, message, .. } if !matches!(code, 401 | 404) => {
            let message = text::paragraph(message);
            Finding::problem(CHECK, format!("the write of a lock is refused ({code}): {message}"))
                .remedy(format!("exempt annotations that begin with {}", prefix(error)))
        }
        error => Finding::failure(CHECK, subject.session.explain("acquire", target, error)),
    }
}

/// `kubelock.giantswarm.io/`.
fn prefix(error: &Error) -> String {
    let key = match error {
        Error::Altered { lock } | Error::Refused { lock, .. } => lock.key.as_str(),
        _ => "",
    };
    key.split_once('/').map(|(prefix, _)| format!("{prefix}/")).unwrap_or_default()
}
