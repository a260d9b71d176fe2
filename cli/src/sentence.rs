//! What an error means, in words: which lock, where, whose, since when, and the way out.

mod forbidden;
mod unreachable;

use kubelock::{Error, HoldId, Record, Timestamp};

use crate::client::Endpoint;
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint::{Flags, Wanted, quoted};
use crate::output::{age, holder, text};
use crate::target::Target;
pub(crate) use forbidden::{Denied, impersonation};
use unreachable::{no_credentials, unreachable};
pub(crate) use unreachable::{too_slow, unanswered, unauthorized, unreadable};

const LOG_IN: &str = "log in again, or name another context with --context";

/// Where an error happened.
pub(crate) struct Situation<'a> {
    /// The command: `acquire`, `release`, `get`.
    pub(crate) verb: &'static str,
    /// The command that a role is to be printed for: `run` acquires and releases.
    pub(crate) command: &'static str,
    pub(crate) target: &'a Target,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) flags: &'a Flags,
    pub(crate) deadline: Deadline,
}

/// The failure that an error of the library is.
pub(crate) fn failure(error: &Error, at: &Situation<'_>) -> Failure {
    let lock = at.target.describe();
    match error {
        Error::AlreadyExists(held) => held_already(&held.record, held.seen_at, at),
        Error::OwnerMismatch(held) => held_by_other(&held.record, held.seen_at, at),
        Error::NotFound { expired, .. } => not_held(at, expired.as_deref()),
        Error::ObjectMissing { .. } => object_missing(at),
        Error::Malformed { lock, source } => malformed(lock.key.as_str(), &source.to_string(), at),
        Error::Forbidden { verbs, message, .. } => forbidden(verbs, message, at),
        Error::Refused { code, reason, message, .. } => refused(*code, reason, message, at),
        Error::Altered { .. } => {
            Failure::failed(format!("{lock} was altered while it was written"))
                .hint("a mutating webhook or policy of this cluster changes its annotation")
        }
        Error::OutcomeUnknown { settled_at, message, .. } => {
            outcome_unknown(*settled_at, message, at)
        }
        Error::Unavailable { message, .. } => unavailable(message, at),
        Error::Contended { deadline, .. } => Failure::failed(format!(
            "the object of {lock} changed at each attempt for {deadline:?}"
        ))
        .hint("try again"),
        Error::InvalidConfig(message) => Failure::usage(text::paragraph(message)),
        Error::ObjectTerminating { .. } => terminating(at),
        Error::Unordered { .. } => unordered(at),
        other => Failure::new(Exit::of(other), text::paragraph(&other.to_string())),
    }
}

/// Without a connection nothing was sent; with one, the write may have happened.
fn outcome_unknown(settled_at: Timestamp, message: &str, at: &Situation<'_>) -> Failure {
    if !at.endpoint.reach.is_reached() {
        return no_answer(at);
    }
    let (lock, message) = (at.target.describe(), text::paragraph(message));
    let done = match at.verb {
        "release" => "released",
        "renew" => "renewed",
        "break" => "broken",
        _ => "acquired",
    };
    Failure::new(Exit::Unknown, format!("it is unknown whether {lock} was {done}: {message}"))
        .hint(format!("look with: {}", at.flags.command("get", at.target)))
        .hint(format!("what is under way may still take effect until {}", age::second(settled_at)))
}

fn held_already(record: &Record, seen_at: Timestamp, at: &Situation<'_>) -> Failure {
    let message =
        format!("{} is held already by {}", at.target.describe(), holder::words(record, seen_at));
    let failure = Failure::new(Exit::HeldAlready, message);
    match release_as(&record.owner, at) {
        Some(release) => failure.hint(format!("give it back with: {release}")),
        None => failure,
    }
}

/// The command that gives back what this owner holds. An owner that had to be escaped cannot be
/// typed.
fn release_as(owner: &str, at: &Situation<'_>) -> Option<String> {
    let release = at.flags.command("release", at.target);
    (text::owner(owner) == owner).then(|| format!("{release} --owner {}", quoted(owner)))
}

fn held_by_other(record: &Record, seen_at: Timestamp, at: &Situation<'_>) -> Failure {
    let holder = holder::words(record, seen_at);
    let failure =
        Failure::new(Exit::HeldByOther, format!("{} is held by {holder}", at.target.describe()));
    let look = at.flags.command("get", at.target);
    match (at.verb, &record.hold) {
        ("acquire", _) => failure.hint(format!("wait with --wait 5m, or see who: {look}")),
        (_, Some(hold)) => failure
            .hint(format!("the record belongs to hold {hold}, not to its owner's name"))
            .hint(by_hold(hold, at)),
        ("release", None) => failure.hint(match release_as(&record.owner, at) {
            Some(release) => format!("if that is you: {release}"),
            None => format!("see who: {look}"),
        }),
        (_, None) => failure.hint(format!("see who: {look}")),
    }
}

/// The command that does by the id of the hold what was asked for by owner.
fn by_hold(hold: &HoldId, at: &Situation<'_>) -> String {
    let command = at.flags.command(at.verb, at.target);
    format!("only whoever knows that its holder is gone should use: {command} --hold {hold}")
}

/// A lock that nobody holds, or whose record has expired.
pub(crate) fn not_held(at: &Situation<'_>, expired: Option<&Record>) -> Failure {
    let note = expired.map(|record| {
        let since = age::since_now(record.expires_at());
        format!(": the record of {} expired {since} ago", text::owner(&record.owner))
    });
    Failure::new(
        Exit::NotHeld,
        format!("{} is not held{}", at.target.describe(), note.unwrap_or_default()),
    )
}

fn object_missing(at: &Situation<'_>) -> Failure {
    let Target { lock, namespace, own_lease, .. } = at.target;
    // Its own Lease is made by the first acquire: without it there is no such lock.
    if *own_lease && at.verb != "acquire" {
        let message = format!("{} is not held: there is no such Lease", at.target.describe());
        return Failure::new(Exit::NotHeld, message);
    }
    let failure = Failure::failed(format!("there is no {} for lock \"{lock}\"", at.target.place()));
    match namespace {
        Some(_) if *own_lease => failure.hint("does the namespace exist? -n names another"),
        Some(_) => failure.hint("create it first, or name another namespace with -n"),
        None => failure.hint("create it first"),
    }
}

fn terminating(at: &Situation<'_>) -> Failure {
    let look = at.flags.kubectl("get", at.target);
    let finalizers = quoted("{.metadata.finalizers}");
    Failure::failed(format!("{} is being deleted: no lock can be taken on it", at.target.place()))
        .hint(format!("its finalizers keep it: {look} -o jsonpath={finalizers}"))
}

/// Without an order there are no fencing tokens.
fn unordered(at: &Situation<'_>) -> Failure {
    Failure::failed(format!(
        "{} cannot carry a lock: its resourceVersion is no decimal number",
        at.target.place()
    ))
    .hint("keep the lock on an object that the API server itself stores, a ConfigMap for example")
}

fn malformed(annotation: &str, why: &str, at: &Situation<'_>) -> Failure {
    let why = why.strip_prefix("malformed record: ").unwrap_or(why);
    let message =
        format!("{} carries a malformed record: {}", at.target.describe(), text::paragraph(why));
    let path = format!("{{.metadata.annotations.{}}}", annotation.replace('.', "\\."));
    let look = at.flags.kubectl("get", at.target);
    Failure::failed(message)
        .hint("nobody can take or release it until that is repaired, or removed with break --force")
        .hint(format!("look at it with: {look} -o jsonpath={}", quoted(&path)))
}

fn forbidden(verbs: &[&str], message: &str, at: &Situation<'_>) -> Failure {
    let Situation { target, command, .. } = at;
    // What is to be made has no name yet, to those who authorise.
    let object = (!verbs.contains(&"create")).then_some(target.object.as_str());
    let denied = Denied { verbs, resource: target.kind.resource(), object, message };
    denied.failure(&target.place(), &Wanted::of(target, command), at.flags)
}

fn refused(code: u16, reason: &str, message: &str, at: &Situation<'_>) -> Failure {
    let (lock, message) = (at.target.describe(), text::paragraph(message));
    if code == 401 {
        return unauthorized(at.endpoint);
    }
    // The object's own 404 is another error: this is the namespace of a Lease that was to be made.
    if code == 404 && at.target.own_lease {
        return Failure::failed(format!("cannot make {} for {lock}: {message}", at.target.on()))
            .hint("create the namespace first, or name another with -n");
    }
    let reason = if reason.is_empty() { String::new() } else { format!(" {}", text::line(reason)) };
    let failure = Failure::failed(format!(
        "the API server refused to {} {lock} ({code}{reason}): {message}",
        at.verb
    ));
    match code {
        429 | 500.. => failure.hint("try again"),
        _ => failure.hint(format!("see what it makes of a lock: {}", doctor(at))),
    }
}

/// The command that tries what is asked for, as a dry run.
fn doctor(at: &Situation<'_>) -> String {
    at.flags.command("doctor", at.target)
}

fn unavailable(message: &str, at: &Situation<'_>) -> Failure {
    match at.endpoint.withheld() {
        Some(why) => no_credentials(&why, at.endpoint),
        None if message.starts_with("no answer") => no_answer(at),
        None => unreachable(message, at.endpoint),
    }
}

/// Nothing was heard within `--request-timeout`.
pub(crate) fn no_answer(at: &Situation<'_>) -> Failure {
    too_slow(at.endpoint, at.deadline)
}

#[cfg(test)]
mod tests;
