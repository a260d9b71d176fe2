//! The Event that is left on the object: who broke whose lock, and why.

use http::Request;
use kubelock::{Broken, Standing, Timestamp};
use serde_json::{Value, json};

use super::showing;
use super::who::Who;
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::hint::Wanted;
use crate::output::{age, text};
use crate::patient;
use crate::sentence::{self, Denied};
use crate::target::Target;

/// The API server takes no longer note.
const NOTE_MAX: usize = 1024;
const INSTANCE_MAX: usize = 128;
/// Ends what was cut.
const MORE: &str = "…";
/// Where the Events of objects without a namespace live.
const DEFAULT: &str = "default";

/// Writes it. The lock is broken by then: a failure is a warning.
pub(super) async fn write(
    session: &Session,
    target: &Target,
    standing: &Standing,
    broken: &Broken,
    who: &Who,
    reason: &str,
) -> Result<(), Failure> {
    let namespace = target.namespace.as_deref().unwrap_or(DEFAULT);
    let note = note(target, standing, broken, who, reason);
    let body = event(target, namespace, standing.uid(), &cut(&who.label(), INSTANCE_MAX), &note);
    let path =
        format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events?fieldManager=kubelock");
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(body.to_string().into_bytes())
        .map_err(|error| Failure::failed(error.to_string()))?;
    let sending = patient::request::<Value>(session.client(), &request);
    match session.deadline.bound(sending).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(kube::Error::Api(status))) if is_by_role(&status) => {
            Err(forbidden(namespace, &status.message, session, target))
        }
        Ok(Err(kube::Error::Api(status))) => Err(Failure::failed(format!(
            "no Event tells of it: the API server refused it ({}): {}",
            status.code,
            text::paragraph(&status.message)
        ))),
        _ => {
            let why = sentence::no_answer(&session.situation("break", target));
            Err(Failure {
                message: format!("perhaps no Event tells of it: {}", why.message),
                ..why
            })
        }
    }
}

/// Whether a role would have helped: a namespace that is being deleted takes no Event of anybody.
fn is_by_role(status: &kube::core::Status) -> bool {
    let has_causes = status.details.as_ref().is_some_and(|details| !details.causes.is_empty());
    status.code == 403 && !has_causes
}

fn forbidden(namespace: &str, message: &str, session: &Session, target: &Target) -> Failure {
    let flags = session.situation("break", target).flags;
    let events = "events.events.k8s.io".to_owned();
    let denied = Denied { verbs: &["create"], resource: events, object: None, message };
    let what = format!("events in namespace {namespace}");
    let failure = denied.failure(&what, &Wanted::of(target, "break"), flags);
    Failure { message: format!("no Event tells of it: {}", failure.message), ..failure }
}

fn event(target: &Target, namespace: &str, uid: &str, instance: &str, note: &str) -> Value {
    let gvr = &target.kind.gvr;
    let api_version = match gvr.group.as_str() {
        "" => gvr.version.clone(),
        group => format!("{group}/{}", gvr.version),
    };
    let mut regarding = json!({
        "apiVersion": api_version,
        "kind": target.kind.name,
        "name": target.object,
        "uid": uid,
    });
    if let Some(namespace) = &target.namespace {
        regarding["namespace"] = json!(namespace);
    }
    json!({
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": { "generateName": "kubelock-break-", "namespace": namespace },
        "eventTime": micros(Timestamp::from(std::time::SystemTime::now())),
        "type": "Warning",
        "reason": "LockBroken",
        "action": "Break",
        "regarding": regarding,
        "note": note,
        "reportingController": "kubelock",
        "reportingInstance": instance,
    })
}

/// As the API has it: six digits behind the second.
fn micros(time: Timestamp) -> String {
    let fraction = time.unix_nanos().rem_euclid(1_000_000_000);
    let whole = time.saturating_add_nanos(-fraction).to_string();
    format!("{}.{:06}Z", whole.trim_end_matches('Z'), fraction / 1_000)
}

fn note(target: &Target, standing: &Standing, broken: &Broken, who: &Who, reason: &str) -> String {
    let whose = match &broken.record {
        // Nothing else keeps it.
        None => format!("it carried no record, but {}", showing::value(standing)),
        Some(record) => {
            let hold = record.hold.as_ref().map(|hold| format!(", hold {hold}"));
            let live = if broken.was_live { "live until" } else { "expired at" };
            format!(
                "it was held by {}{} (since {}, {live} {})",
                text::owner(&record.owner),
                hold.unwrap_or_default(),
                age::second(record.acquired_at.unwrap_or(record.created_at)),
                age::second(record.expires_at())
            )
        }
    };
    let doubt = if broken.is_confirmed { "" } else { "; or it was given back just then" };
    let deed = format!("{} broke lock \"{}\"", who.words(), target.lock);
    told(&deed, &text::paragraph(reason), &format!("{whose}{doubt}"))
}

/// `admin (zoe@laptop) broke lock "deploy": runner-7 is gone; it was held by alice@runner …`: who
/// and whose are told whole, however long the reason is.
fn told(deed: &str, reason: &str, whose: &str) -> String {
    let frame = |reason: &str| format!("{deed}: {reason}; {whose}");
    let room = NOTE_MAX.saturating_sub(frame("").len());
    cut(&frame(&cut(reason, room)), NOTE_MAX)
}

/// At most so many bytes of it.
fn cut(words: &str, max: usize) -> String {
    if words.len() <= max {
        return words.to_owned();
    }
    format!("{}{MORE}", &words[..words.floor_char_boundary(max.saturating_sub(MORE.len()))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_microseconds() {
        let at = |nanos| micros(Timestamp::from_unix_nanos(nanos));
        assert_eq!(at(1_000_000_000), "1970-01-01T00:00:01.000000Z");
        assert_eq!(at(1_020_000_999), "1970-01-01T00:00:01.020000Z");
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("ééé", 5), "é…");
        assert!(cut(&"é".repeat(2_000), NOTE_MAX).len() <= NOTE_MAX);
    }

    #[test]
    fn a_note_that_is_too_long_loses_some_of_its_reason_and_nothing_else() {
        assert_eq!(told("zoe broke", "why", "it was alice's"), "zoe broke: why; it was alice's");
        let (deed, whose) = ("z".repeat(300), "a".repeat(400));
        let note = told(&deed, &"é".repeat(500), &whose);
        assert!(note.len() <= NOTE_MAX && note.len() > NOTE_MAX - 3, "{}", note.len());
        assert!(note.starts_with(&format!("{deed}: é")), "{note}");
        assert!(note.ends_with(&format!("é…; {whose}")), "{note}");
        assert!(told(&"z".repeat(2_000), "why", &whose).len() <= NOTE_MAX);
    }
}
