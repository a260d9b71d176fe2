//! Answers to make schedules of, for the tests of calls.

use std::time::Duration;

use crate::answer::{ReadReply, Refusal, Sight, WriteReply};
use crate::timestamp::Timestamp;

pub(crate) const BOBS: &str =
    r#"{"owner":"bob","createdAt":"1970-01-01T00:16:40Z","ttl":10000000000}"#;
pub(crate) const EXPIRED: &str =
    r#"{"owner":"carol","createdAt":"1970-01-01T00:00:00Z","ttl":10000000000}"#;

pub(crate) fn at(seconds: i128) -> Timestamp {
    Timestamp::from_unix_nanos(seconds * 1_000_000_000)
}

pub(crate) fn sight(value: Option<&str>) -> Sight {
    Sight {
        uid: "u".into(),
        resource_version: "1".into(),
        has_annotations: true,
        has_others: true,
        value: value.map(Into::into),
        is_terminating: false,
        date: Some(at(1_000)),
    }
}

pub(crate) fn seen(value: Option<&str>) -> ReadReply {
    ReadReply::Seen(sight(value))
}

pub(crate) fn refusal(code: u16, reason: &str) -> Refusal {
    Refusal {
        code,
        reason: reason.into(),
        message: "words".into(),
        has_causes: false,
        names_object: false,
        retry_after: None,
    }
}

pub(crate) fn failed_test() -> WriteReply {
    WriteReply::Refused(refusal(422, "Invalid"))
}

pub(crate) fn missing() -> WriteReply {
    WriteReply::Refused(Refusal { names_object: true, ..refusal(404, "NotFound") })
}

pub(crate) fn plain_forbidden(verb: &str) -> WriteReply {
    WriteReply::Refused(Refusal {
        message: format!("User \"x\" cannot {verb} resource"),
        ..refusal(403, "Forbidden")
    })
}

pub(crate) fn throttled(seconds: u64) -> WriteReply {
    WriteReply::Refused(Refusal {
        retry_after: Some(Duration::from_secs(seconds)),
        ..refusal(429, "TooManyRequests")
    })
}
