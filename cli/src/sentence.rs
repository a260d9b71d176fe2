//! What an error means, in words: which lock, where, whose, since when, and the way out.

mod forbidden;
mod unreachable;

use kubelock::{Error, HoldId, Record, Timestamp};

use crate::client::Endpoint;
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint::{Flags, Wanted, quoted};
use crate::kind::Kind;
use crate::output::{age, holder, text};
use crate::target::Target;
pub(crate) use forbidden::{Denied, impersonation};
pub(crate) use unreachable::{failing, too_slow, unanswered, unauthorized, unreadable};
use unreachable::{no_credentials, unreachable};

/// How a hint begins that names `doctor`.
pub(crate) const SEE_DOCTOR: &str = "see what it makes of a lock: ";

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
    /// Whether it was to wait while another has the lock.
    pub(crate) has_waited: bool,
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
    let message = if is_silence(&message) {
        // That of the last attempt is not what anybody has waited.
        format!("no answer within {:?}", at.deadline.timeout())
    } else {
        message
    };
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
    if let Some(hold) = &record.hold {
        return failure.hint(of_hold(hold)).hint(by_hold("release", hold, at));
    }
    match release_as(&record.owner, at) {
        Some(release) => failure.hint(format!("give it back with: {release}")),
        None => failure,
    }
}

/// The command that gives back what this owner holds. An owner that had to be escaped cannot be
/// typed.
fn release_as(owner: &str, at: &Situation<'_>) -> Option<String> {
    let release = || at.flags.command_with("release", at.target, ("--owner", owner));
    (text::owner(owner) == owner).then(release)
}

fn held_by_other(record: &Record, seen_at: Timestamp, at: &Situation<'_>) -> Failure {
    let holder = holder::words(record, seen_at);
    let failure =
        Failure::new(Exit::HeldByOther, format!("{} is held by {holder}", at.target.describe()));
    let look = at.flags.command("get", at.target);
    match (at.verb, &record.hold) {
        ("acquire", _) if at.has_waited => failure.hint(format!("see who: {look}")),
        ("acquire", _) => failure.hint(format!("wait with --wait 5m, or see who: {look}")),
        (verb, Some(hold)) => failure.hint(of_hold(hold)).hint(by_hold(verb, hold, at)),
        ("release", None) => failure.hint(match release_as(&record.owner, at) {
            Some(release) => format!("if that is you: {release}"),
            None => format!("see who: {look}"),
        }),
        (_, None) => failure.hint(format!("see who: {look}")),
    }
}

fn of_hold(hold: &HoldId) -> String {
    format!("the record belongs to hold {hold}, not to its owner's name")
}

/// The command that does by the id of the hold what cannot be done by owner.
fn by_hold(verb: &str, hold: &HoldId, at: &Situation<'_>) -> String {
    let command = at.flags.command_with(verb, at.target, ("--hold", hold.as_str()));
    format!("only whoever knows that its holder is gone should use: {command}")
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
    // The object's own 404 is another error, and webhooks deny with any code they like.
    if code == 404 && !message.starts_with("admission webhook \"") {
        return not_there(&message, at);
    }
    let reason = if reason.is_empty() { String::new() } else { format!(" {}", text::line(reason)) };
    let failure = Failure::failed(format!(
        "the API server refused to {} {lock} ({code}{reason}): {message}",
        at.verb
    ));
    match code {
        429 | 500.. => failure.hint("try again"),
        _ => failure.hint(format!("{SEE_DOCTOR}{}", doctor(at))),
    }
}

/// The namespace of a Lease that was to be made; else the kind, in the version that was asked for.
fn not_there(message: &str, at: &Situation<'_>) -> Failure {
    let Situation { target, verb, .. } = at;
    if !target.own_lease || *verb != "acquire" {
        return unknown_kind(&target.kind, at.flags);
    }
    let (lease, lock) = (target.on(), target.describe());
    Failure::failed(format!("cannot make {lease} for {lock}: {message}"))
        .hint("create the namespace first, or name another with -n")
}

/// The server has no such kind, or not in this version.
pub(crate) fn unknown_kind(kind: &Kind, flags: &Flags) -> Failure {
    let (resource, version) = (kind.resource(), &kind.gvr.version);
    Failure::failed(format!("the API server has no {resource} of version {version}"))
        .hint(format!("{} lists the kinds there are", flags.kubectl_line("api-resources")))
}

/// The command that tries what is asked for, as a dry run.
fn doctor(at: &Situation<'_>) -> String {
    at.flags.command("doctor", at.target)
}

fn unavailable(message: &str, at: &Situation<'_>) -> Failure {
    match at.endpoint.withheld() {
        Some(why) => no_credentials(&why, at.endpoint),
        None if is_silence(message) => no_answer(at),
        None if is_status(message) => failing(message, at.endpoint),
        None => unreachable(message, at.endpoint),
    }
}

/// Whether these are the library's words for that nothing was heard.
fn is_silence(message: &str) -> bool {
    message.starts_with("no answer")
}

/// Whether they are those of an answer: they begin with its status.
fn is_status(message: &str) -> bool {
    let code = message.split([' ', ':']).next().unwrap_or_default();
    http::StatusCode::from_bytes(code.as_bytes()).is_ok()
}

/// Nothing was heard within `--request-timeout`.
pub(crate) fn no_answer(at: &Situation<'_>) -> Failure {
    too_slow(at.endpoint, at.deadline)
}

#[cfg(test)]
mod tests;
