//! Why a lock was not broken, in words.

use kubelock::{Error, Malformed, Record, Timestamp};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{age, holder, text};
use crate::sentence::{self, Situation};

/// The failure that an error of the library is.
pub(super) fn failure(error: &Error, at: &Situation<'_>) -> Failure {
    match error {
        Error::StillLive(held) => still_live(&held.record, held.seen_at, at),
        Error::OwnerMismatch(held) => another(&held.record, held.seen_at, at),
        Error::NotFound { .. } => gone(at),
        Error::Malformed { source, .. } => malformed(source, at),
        other => sentence::failure(other, at),
    }
}

pub(super) fn still_live(record: &Record, seen_at: Timestamp, at: &Situation<'_>) -> Failure {
    let message =
        format!("{} is live: held by {}", at.target.describe(), holder::words(record, seen_at));
    Failure::new(Exit::HeldByOther, message)
        .hint(format!("wait until it expires, or break it with --live: {}", work(record, seen_at)))
}

/// How long the work of a live holder may go on once its record is gone.
pub(super) fn work(record: &Record, seen_at: Timestamp) -> String {
    if record.hold.is_some() {
        let ttl = age::exact(record.ttl_nanos);
        return format!(
            "its holder learns of it by its next renewal, and may work on for up to {ttl}"
        );
    }
    let left = age::human(record.expires_at().saturating_since(seen_at));
    format!("its holder is not told, and may work on for {left} and longer")
}

/// What was shown has gone, and somebody else has come.
fn another(record: &Record, seen_at: Timestamp, at: &Situation<'_>) -> Failure {
    let stands = if record.expires_at() < seen_at {
        format!("has an expired record of {}", text::owner(&record.owner))
    } else {
        format!("is held by {}", holder::words(record, seen_at))
    };
    let message =
        format!("not broken: what was shown is gone, and {} {stands}", at.target.describe());
    Failure::new(Exit::HeldByOther, message)
        .hint(format!("see who: {}", at.flags.command("get", at.target)))
}

fn gone(at: &Situation<'_>) -> Failure {
    let message = format!(
        "{} is not held any more: it was given back, or somebody else broke it",
        at.target.describe()
    );
    Failure::new(Exit::NotHeld, message)
}

pub(super) fn malformed(why: &Malformed, at: &Situation<'_>) -> Failure {
    let why = why.to_string();
    let why = why.strip_prefix("malformed record: ").unwrap_or(&why);
    let message =
        format!("{} carries a malformed record: {}", at.target.describe(), text::paragraph(why));
    Failure::failed(message).hint("nobody knows whose it is; --force removes it all the same")
}
