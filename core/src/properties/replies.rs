//! Any answer that a server, a proxy or the network could give.

use proptest::prelude::*;

use crate::answer::{ReadReply, Refusal, Sight, WriteReply};
use crate::testing::{BOBS, EXPIRED, at, missing, plain_forbidden, refusal, throttled};

/// The bytes of the call that is looked at.
pub(super) const OWN: &str =
    r#"{"owner":"alice","createdAt":"1970-01-01T00:16:41Z","ttl":10000000000}"#;
/// What stands before.
pub(super) const OLD: &str =
    r#"{"owner":"alice","createdAt":"1970-01-01T00:16:39Z","ttl":10000000000}"#;

prop_compose! {
    pub(super) fn any_sight()(
        value in prop::sample::select(vec![None, Some(OWN), Some(OLD), Some(BOBS), Some(EXPIRED), Some("?")]),
        uid in prop::sample::select(vec!["u", "v"]),
        version in 1..4_u8,
        has_others: bool,
        is_terminating in prop::bool::weighted(0.1),
        date in prop::option::of(990..1_030_i128),
    ) -> Sight {
        Sight {
            uid: uid.into(),
            resource_version: version.to_string(),
            has_annotations: has_others || value.is_some(),
            has_others,
            value: value.map(Into::into),
            is_terminating,
            date: date.map(at),
        }
    }
}

fn any_refusal() -> impl Strategy<Value = Refusal> {
    let of = |reply| match reply {
        WriteReply::Refused(refusal) => refusal,
        _ => refusal(500, "InternalError"),
    };
    prop::sample::select(vec![
        refusal(422, "Invalid"),
        refusal(409, "Conflict"),
        refusal(403, "Forbidden"),
        refusal(500, "InternalError"),
        refusal(404, ""),
        of(missing()),
        of(plain_forbidden("patch")),
        of(throttled(1)),
    ])
}

pub(super) fn any_write_reply() -> impl Strategy<Value = WriteReply> {
    prop_oneof![
        2 => any_sight().prop_map(WriteReply::Applied),
        3 => any_refusal().prop_map(WriteReply::Refused),
        2 => Just(WriteReply::Unanswered("no answer".into())),
        1 => Just(WriteReply::NotSent("no way".into())),
    ]
}

pub(super) fn any_read_reply() -> impl Strategy<Value = ReadReply> {
    prop_oneof![
        6 => any_sight().prop_map(ReadReply::Seen),
        1 => Just(ReadReply::Missing),
        1 => any_refusal().prop_map(ReadReply::Refused),
        1 => Just(ReadReply::Unanswered("no answer".into())),
    ]
}
