//! Schedules of answers, and what an acquire makes of them.

use std::time::Duration;

use super::*;
use crate::name::{LockName, Prefix};
use crate::testing::{
    BOBS, EXPIRED, at, failed_test, missing, plain_forbidden, refusal, seen, sight, throttled,
};

const MINE: &str = r#"{"owner":"alice","createdAt":"1970-01-01T00:16:40Z","ttl":10000000000}"#;
const NOW: i128 = 1_000;

fn acquire(has_others: Option<bool>) -> Acquire {
    Acquire::new("app".into(), MINE.into(), ExpiryRule::BothClocks, has_others)
}

fn read(call: &mut Acquire, reply: ReadReply) -> Step<Outcome> {
    call.on_read(reply, at(NOW))
}

fn sent(call: &Acquire) -> String {
    let key = AnnotationKey::new(&Prefix::default(), &LockName::new("l").unwrap());
    match call.write(&key).unwrap() {
        Write::Patch { body, .. } => String::from_utf8(body).unwrap(),
        Write::Put { expected, value } => {
            format!("PUT {} over {}", value.unwrap(), expected.unwrap_or_default())
        }
        Write::Create(body) => format!("POST {}", String::from_utf8(body).unwrap()),
    }
}

fn unanswered() -> WriteReply {
    WriteReply::Unanswered("timeout".into())
}

#[test]
fn a_free_lock_takes_one_write() {
    let mut call = acquire(Some(true));
    assert_eq!(call.start(), Step::Write(Pace::Now));
    assert!(sent(&call).contains(r#""value":null"#));
    let answer = sight(Some(MINE));
    assert_eq!(
        call.on_write(WriteReply::Applied(answer.clone())),
        Step::Done(Outcome::Acquired(answer))
    );
}

#[test]
fn a_held_lock_takes_the_refused_write_and_the_read_that_tells_by_whom() {
    let mut call = acquire(Some(true));
    assert_eq!(call.on_write(failed_test()), Step::Read(Pace::Now));
    assert!(
        matches!(read(&mut call, seen(Some(BOBS))), Step::Done(Outcome::Held { record, .. }) if record.owner == "bob")
    );
}

#[test]
fn a_wrong_guess_on_first_contact_takes_one_more_write() {
    let mut call = acquire(None);
    assert_eq!(call.on_write(failed_test()), Step::Write(Pace::Now));
    assert!(
        sent(&call).contains(r#""path":"/metadata/annotations","value":null"#),
        "{}",
        sent(&call)
    );
    assert_eq!(call.on_write(failed_test()), Step::Read(Pace::Now));
}

#[test]
fn a_map_that_came_or_went_is_a_race_and_no_refusal() {
    let mut call = acquire(Some(false));
    for _ in 0..5 {
        assert_eq!(call.on_write(failed_test()), Step::Read(Pace::Now));
        assert!(matches!(read(&mut call, seen(None)), Step::Write(_)));
        assert_eq!(call.on_write(failed_test()), Step::Read(Pace::Now));
        let bare = Sight { has_annotations: false, ..sight(None) };
        assert!(matches!(read(&mut call, ReadReply::Seen(bare)), Step::Write(_)));
    }
}

#[test]
fn an_expired_lock_is_replaced_only_as_it_was_seen() {
    let mut call = acquire(Some(true));
    call.on_write(failed_test());
    assert_eq!(read(&mut call, seen(Some(EXPIRED))), Step::Write(Pace::Now));
    assert!(
        sent(&call).contains(r#""op":"replace""#) && sent(&call).contains("carol"),
        "{}",
        sent(&call)
    );
}

#[test]
fn a_lock_is_not_expired_by_one_clock_alone() {
    let mut call = acquire(Some(true));
    call.on_write(failed_test());
    let behind = Sight { date: Some(at(5)), ..sight(Some(EXPIRED)) };
    assert!(matches!(read(&mut call, ReadReply::Seen(behind)), Step::Done(Outcome::Held { .. })));
}

#[test]
fn a_malformed_record_is_never_a_free_lock() {
    for value in ["", "{", "mine", "[]"] {
        let mut call = acquire(Some(true));
        call.on_write(failed_test());
        assert!(
            matches!(read(&mut call, seen(Some(value))), Step::Done(Outcome::Malformed(_))),
            "{value:?}"
        );
    }
}

#[test]
fn own_bytes_seen_after_any_trouble_are_a_success() {
    let troubles = [
        unanswered(),
        failed_test(),
        WriteReply::Refused(refusal(409, "Conflict")),
        WriteReply::Refused(refusal(403, "")),
    ];
    for trouble in troubles {
        let mut call = acquire(Some(true));
        assert_eq!(call.on_write(trouble.clone()), Step::Read(Pace::Now));
        assert!(
            matches!(read(&mut call, seen(Some(MINE))), Step::Done(Outcome::Acquired(_))),
            "{trouble:?}"
        );
    }
}

#[test]
fn after_an_attempt_without_an_answer_nothing_but_own_bytes_settles_it() {
    for other in [seen(None), seen(Some(BOBS)), seen(Some("?")), ReadReply::Missing] {
        let mut call = acquire(Some(true));
        let bytes = sent(&call);
        call.on_write(unanswered());
        assert_eq!(read(&mut call, other.clone()), Step::Write(Pace::BackOff), "{other:?}");
        assert_eq!(sent(&call), bytes, "the same bytes again");
        call.on_write(failed_test());
        assert!(matches!(read(&mut call, other.clone()), Step::Write(_)), "{other:?}");
        assert!(matches!(call.give_up(), Outcome::Failed(Failure::Unknown(_))), "{other:?}");
    }
}

#[test]
fn a_refusal_that_should_not_be_is_tried_once_more_and_then_told_in_the_servers_words() {
    for code in [400, 403, 404, 409, 422] {
        let mut call = acquire(Some(true));
        call.on_write(WriteReply::Refused(refusal(code, "Denied")));
        assert_eq!(read(&mut call, seen(None)), Step::Write(Pace::Now));
        call.on_write(WriteReply::Refused(refusal(code, "Denied")));
        assert!(
            matches!(read(&mut call, seen(None)), Step::Done(Outcome::Failed(Failure::Refused(words))) if words.code == code)
        );
    }
}

#[test]
fn a_forbidden_patch_is_tried_as_a_put_of_the_whole_object() {
    let mut call = acquire(Some(true));
    assert_eq!(call.on_write(plain_forbidden("patch")), Step::Read(Pace::Now));
    assert!(call.is_whole());
    assert_eq!(read(&mut call, seen(None)), Step::Write(Pace::Now));
    assert_eq!(sent(&call), format!("PUT {MINE} over "));
    call.on_write(plain_forbidden("update"));
    let step = read(&mut call, seen(None));
    assert!(
        matches!(step, Step::Done(Outcome::Failed(Failure::Forbidden(verbs, _))) if verbs == ["patch", "update"])
    );
}

#[test]
fn a_put_that_conflicts_is_a_race_and_no_refusal() {
    let mut call = acquire(Some(true)).by_put(true);
    assert_eq!(call.start(), Step::Read(Pace::Now));
    for version in 1..9 {
        let newer = Sight { resource_version: version.to_string(), ..sight(None) };
        assert!(matches!(read(&mut call, ReadReply::Seen(newer)), Step::Write(_)));
        assert_eq!(
            call.on_write(WriteReply::Refused(refusal(409, "Conflict"))),
            Step::Read(Pace::Now)
        );
    }
}

#[test]
fn a_busy_server_is_asked_again_when_it_said_and_never_called_a_refusal_before_the_deadline() {
    let mut call = acquire(Some(true));
    for _ in 0..9 {
        assert_eq!(call.on_write(throttled(2)), Step::Read(Pace::Now));
        assert_eq!(read(&mut call, seen(None)), Step::Write(Pace::After(Duration::from_secs(2))));
    }
    assert!(
        matches!(call.give_up(), Outcome::Failed(Failure::Refused(words)) if words.code == 429)
    );
}

#[test]
fn a_missing_object_is_made_only_where_that_was_asked_for() {
    let mut call = acquire(Some(true));
    assert_eq!(call.on_write(missing()), Step::Read(Pace::Now));
    assert_eq!(
        read(&mut call, ReadReply::Missing),
        Step::Done(Outcome::Failed(Failure::ObjectMissing))
    );

    let mut call = acquire(Some(true)).creating(true);
    assert_eq!(call.on_write(missing()), Step::Write(Pace::Now));
    assert!(sent(&call).starts_with("POST {"), "{}", sent(&call));
    assert_eq!(
        call.on_write(WriteReply::Refused(refusal(409, "AlreadyExists"))),
        Step::Read(Pace::Now)
    );
    assert!(matches!(read(&mut call, seen(Some(BOBS))), Step::Done(Outcome::Held { .. })));
}

#[test]
fn a_404_that_does_not_name_the_object_is_no_missing_object() {
    let mut call = acquire(Some(true)).creating(true);
    assert_eq!(call.on_write(WriteReply::Refused(refusal(404, "NotFound"))), Step::Read(Pace::Now));
}

#[test]
fn what_the_server_altered_is_not_taken_for_a_lock() {
    for altered in [None, Some(BOBS)] {
        let step = acquire(Some(true)).on_write(WriteReply::Applied(sight(altered)));
        assert_eq!(step, Step::Done(Outcome::Failed(Failure::Altered)));
    }
}

#[test]
fn what_never_left_is_sent_a_few_times_and_is_then_known_not_to_have_happened() {
    let mut call = acquire(Some(true));
    let mut step = call.start();
    for _ in 0..4 {
        assert!(matches!(step, Step::Write(_)));
        step = call.on_write(WriteReply::NotSent("refused".into()));
    }
    assert!(matches!(step, Step::Done(Outcome::Failed(Failure::Unavailable(_)))));
}

#[test]
fn a_refused_write_whose_read_failed_is_unknown_and_not_failed() {
    let mut call = acquire(Some(true));
    call.on_write(failed_test());
    assert_eq!(read(&mut call, ReadReply::Unanswered("cut".into())), Step::Read(Pace::BackOff));
    assert!(matches!(call.give_up(), Outcome::Failed(Failure::Unknown(_))));
}

#[test]
fn without_the_right_to_read_the_missing_verb_is_named() {
    let mut call = acquire(Some(true));
    call.on_write(failed_test());
    let step = read(
        &mut call,
        ReadReply::Refused(Refusal {
            message: "User \"x\" cannot get resource".into(),
            ..refusal(403, "Forbidden")
        }),
    );
    assert!(
        matches!(step, Step::Done(Outcome::Failed(Failure::Forbidden(verbs, _))) if verbs == ["get"])
    );
}

#[test]
fn a_put_never_overwrites_what_came_after_an_attempt_without_an_answer() {
    for other in [seen(Some(BOBS)), seen(Some("?")), ReadReply::Missing] {
        let mut call = acquire(Some(true)).by_put(true);
        read(&mut call, seen(None));
        call.on_write(unanswered());
        for _ in 0..3 {
            assert_eq!(read(&mut call, other.clone()), Step::Read(Pace::BackOff), "{other:?}");
        }
        assert!(matches!(call.give_up(), Outcome::Failed(Failure::Unknown(_))));
        assert_eq!(read(&mut call, seen(None)), Step::Write(Pace::BackOff));
    }
}

#[test]
fn a_put_names_the_record_that_it_replaces() {
    let mut call = acquire(Some(true)).by_put(true);
    assert_eq!(read(&mut call, seen(Some(EXPIRED))), Step::Write(Pace::Now));
    assert_eq!(sent(&call), format!("PUT {MINE} over {EXPIRED}"));
}

#[test]
fn a_put_that_is_forbidden_is_refused_however_often_the_object_changes() {
    let mut call = acquire(Some(true)).by_put(true);
    let mut step = call.start();
    for version in 1..5 {
        let newer = Sight { resource_version: version.to_string(), ..sight(None) };
        step = read(&mut call, ReadReply::Seen(newer));
        if matches!(step, Step::Done(_)) {
            break;
        }
        let verb = if call.is_whole() { "update" } else { "patch" };
        call.on_write(plain_forbidden(verb));
    }
    assert!(matches!(step, Step::Done(Outcome::Failed(Failure::Forbidden(..)))), "{step:?}");
}

#[test]
fn a_remembered_put_that_is_forbidden_gives_way_to_a_patch() {
    let mut call = acquire(Some(true)).by_put(true);
    read(&mut call, seen(None));
    call.on_write(plain_forbidden("update"));
    assert_eq!(read(&mut call, seen(None)), Step::Write(Pace::Now));
    assert!(sent(&call).starts_with('['), "{}", sent(&call));
}

#[test]
fn refusals_beside_an_open_attempt_are_never_sent_without_a_pause_nor_counted_out() {
    let mut call = acquire(Some(true));
    call.on_write(unanswered());
    for _ in 0..1_000 {
        assert_eq!(read(&mut call, seen(None)), Step::Write(Pace::BackOff));
        call.on_write(WriteReply::Refused(refusal(409, "Conflict")));
    }
}

#[test]
fn a_refusal_that_may_follow_a_success_is_no_failure_while_nobody_can_look() {
    let mut call = acquire(Some(true));
    call.on_write(failed_test());
    let step = read(&mut call, ReadReply::Refused(refusal(401, "Unauthorized")));
    assert!(matches!(step, Step::Done(Outcome::Failed(Failure::Unknown(_)))), "{step:?}");
}

#[test]
fn a_webhooks_403_does_not_lead_to_a_put() {
    let mut call = acquire(Some(true));
    let denied = Refusal {
        message: "admission webhook \"w\" denied the request: no".into(),
        ..refusal(403, "Forbidden")
    };
    call.on_write(WriteReply::Refused(denied));
    assert!(!call.is_whole());
}

#[test]
fn a_lock_that_changes_hands_between_write_and_read_is_a_race_and_no_refusal() {
    let mut call = acquire(Some(true));
    for version in 1..50 {
        call.on_write(failed_test());
        let newer = Sight { resource_version: version.to_string(), ..sight(None) };
        assert!(matches!(read(&mut call, ReadReply::Seen(newer)), Step::Write(_)));
    }
}

#[test]
fn many_races_are_run_with_pauses_between_them() {
    let mut call = acquire(Some(true));
    let mut paces = Vec::new();
    for version in 1..8 {
        call.on_write(failed_test());
        let newer = Sight { resource_version: version.to_string(), ..sight(None) };
        let Step::Write(pace) = read(&mut call, ReadReply::Seen(newer)) else { unreachable!() };
        paces.push(pace);
    }
    assert_eq!(paces[0], Pace::Now);
    assert_eq!(paces[6], Pace::BackOff);
}

#[test]
fn a_webhook_that_denies_as_if_the_lease_were_missing_is_refused_and_not_asked_for_ever() {
    let mut call = acquire(Some(true)).creating(true);
    let denied = Refusal {
        names_object: true,
        message: "admission webhook \"w\" denied the request: no".into(),
        ..refusal(404, "NotFound")
    };
    for _ in 0..2 {
        assert_eq!(call.on_write(WriteReply::Refused(denied.clone())), Step::Read(Pace::Now));
        let step = read(&mut call, seen(None));
        if let Step::Done(outcome) = step {
            assert!(matches!(outcome, Outcome::Failed(Failure::Refused(_))), "{outcome:?}");
            return;
        }
    }
    panic!("asked for ever");
}

#[test]
fn a_server_that_goes_away_in_the_middle_of_a_takeover_is_unavailable_and_not_contended() {
    let mut call = acquire(Some(true));
    call.on_write(failed_test());
    let mut step = read(&mut call, seen(Some(EXPIRED)));
    for _ in 0..4 {
        assert!(matches!(step, Step::Write(_)));
        step = call.on_write(WriteReply::NotSent("refused".into()));
    }
    assert!(matches!(step, Step::Done(Outcome::Failed(Failure::Unavailable(_)))), "{step:?}");
}
