use super::*;
use crate::testing::{BOBS, refusal, sight};

const FIRST: &str = "first";
const SECOND: &str = "second";
const THIRD: &str = "third";

fn at(seconds: f64) -> Reading {
    let span = Duration::from_secs_f64(seconds);
    Reading { boot: span, monotonic: span }
}

fn written(value: &str, seconds: f64) -> Written {
    Written { value: value.into(), read_at: at(seconds) }
}

/// Of thirty seconds, stamped at zero.
fn hold() -> Hold {
    let terms = Terms::new(Duration::from_secs(30), None, None).unwrap();
    Hold::new(terms, "u".into(), written(FIRST, 0.0), 0)
}

fn unknown() -> Outcome {
    Outcome::Failed(Failure::Unknown("timeout".into()))
}

fn gone(value: Option<&str>) -> Outcome {
    Outcome::Gone(sight(value))
}

fn changed(value: &str) -> Outcome {
    Outcome::Changed(sight(Some(value)))
}

/// Sends `value` at `sent` and hears of it at `heard`.
fn write(hold: &mut Hold, value: &str, sent: f64, outcome: Outcome, heard: f64) -> Verdict {
    assert!(hold.begin(written(value, sent), at(sent)));
    hold.settle(value, true, outcome, at(heard), 0)
}

#[test]
fn a_hold_is_valid_for_its_ttl_less_the_margin_from_before_its_stamp() {
    let mut hold = hold();
    assert_eq!(hold.valid_for(at(0.0)), Duration::from_secs(27));
    assert_eq!(hold.check(at(26.9)), None);
    assert_eq!(hold.check(at(27.0)), Some(&Loss::Deadline));
    assert_eq!(hold.valid_for(at(27.0)), Duration::ZERO);
}

#[test]
fn time_that_the_machine_was_suspended_counts() {
    let mut hold = hold();
    let woken = Reading { boot: Duration::from_secs(27), monotonic: Duration::from_secs(1) };
    assert_eq!(hold.check(woken), Some(&Loss::Deadline));
}

#[test]
fn a_hold_is_renewed_at_a_third_of_its_ttl_and_then_valid_from_the_stamp_of_the_renewal() {
    let mut hold = hold();
    assert_eq!(hold.next(at(4.0)), Next::Wait(Duration::from_secs(6)));
    assert_eq!(hold.next(at(10.0)), Next::Renew);
    assert_eq!(write(&mut hold, SECOND, 10.0, changed(SECOND), 14.0), Verdict::Confirmed);
    assert_eq!(hold.valid_for(at(14.0)), Duration::from_secs(23));
    assert_eq!(hold.next(at(14.0)), Next::Wait(Duration::from_secs(6)));
    assert_eq!(hold.confirmed(), SECOND);
}

#[test]
fn after_a_failure_the_next_renewal_comes_sooner_and_the_deadline_stays() {
    let mut hold = hold();
    let refused = Failure::Refused(refusal(429, "TooManyRequests"));
    for (seconds, failure) in
        [(10.0, Failure::Unknown("lost".into())), (12.0, refused), (14.0, Failure::Contended)]
    {
        let outcome = Outcome::Failed(failure.clone());
        assert_eq!(write(&mut hold, SECOND, seconds, outcome, seconds), Verdict::Failed(failure));
        assert_eq!(hold.next(at(seconds)), Next::Wait(Duration::from_secs(1)));
        assert_eq!(hold.valid_for(at(seconds)), Duration::from_secs_f64(27.0 - seconds));
    }
    assert_eq!(hold.next(at(26.5)), Next::Renew);
    assert_eq!(hold.next(at(27.0)), Next::Ended);
}

#[test]
fn a_hold_that_was_lost_never_revives() {
    let mut hold = hold();
    assert!(hold.begin(written(SECOND, 10.0), at(10.0)));
    // Confirmed, but only after the deadline.
    assert_eq!(hold.settle(SECOND, true, changed(SECOND), at(27.0), 0), Verdict::Ended);
    assert_eq!(hold.loss(), Some(&Loss::Deadline));
    assert!(!hold.begin(written(THIRD, 27.0), at(27.0)));
    assert_eq!(hold.release(at(27.0)), Err(Loss::Deadline));
    hold.lose(Loss::Removed);
    assert_eq!(hold.loss(), Some(&Loss::Deadline), "the first reason stays");
}

#[test]
fn what_is_found_instead_of_the_own_record_ends_the_hold_at_once() {
    let other = Sight { uid: "other".into(), ..sight(Some(FIRST)) };
    let cases = [
        (gone(None), Loss::Removed),
        (gone(Some(BOBS)), Loss::Replaced(Box::new(Record::decode(BOBS).unwrap()))),
        (gone(Some("?")), Loss::Malformed(Record::decode("?").unwrap_err())),
        (Outcome::Gone(other), Loss::ObjectReplaced),
        (Outcome::Failed(Failure::ObjectMissing), Loss::ObjectMissing),
        (Outcome::Failed(Failure::Altered), Loss::Altered),
    ];
    for (outcome, loss) in cases {
        let mut hold = hold();
        assert_eq!(write(&mut hold, SECOND, 10.0, outcome, 10.1), Verdict::Ended);
        assert_eq!(hold.loss(), Some(&loss));
        assert_eq!(hold.valid_for(at(10.1)), Duration::ZERO);
    }
}

#[test]
fn a_record_of_its_own_id_that_another_wrote_ends_a_hold_and_is_called_so() {
    let own = r#"{"owner":"bob","createdAt":"1970-01-01T00:16:40Z","ttl":30000000000,"hold":"a1"}"#;
    let others = own.replace("16:40", "16:50");
    let terms = Terms::new(Duration::from_secs(30), None, None).unwrap();
    let mut hold = Hold::new(terms, "u".into(), written(own, 0.0), 0);
    assert_eq!(write(&mut hold, SECOND, 10.0, gone(Some(&others)), 10.1), Verdict::Ended);
    assert_eq!(hold.loss(), Some(&Loss::Renewed));
}

#[test]
fn a_renewal_without_an_answer_that_turns_out_to_stand_counts_from_its_own_stamp() {
    let mut hold = hold();
    write(&mut hold, SECOND, 10.0, unknown(), 15.0);
    assert_eq!(write(&mut hold, THIRD, 16.0, gone(Some(SECOND)), 16.1), Verdict::Adopted);
    assert_eq!(hold.confirmed(), SECOND);
    assert_eq!(hold.valid_for(at(16.1)), Duration::from_secs_f64(20.9));
}

#[test]
fn bytes_that_were_superseded_are_nobodys() {
    let mut hold = hold();
    write(&mut hold, SECOND, 10.0, unknown(), 15.0);
    write(&mut hold, THIRD, 16.0, changed(THIRD), 16.1);
    for value in [FIRST, SECOND] {
        let mut hold = hold.clone();
        assert_eq!(write(&mut hold, "fourth", 26.0, gone(Some(value)), 26.1), Verdict::Ended);
    }
}

#[test]
fn bytes_that_were_refused_are_not_own() {
    let mut hold = hold();
    let refused = Outcome::Failed(Failure::Refused(refusal(422, "Invalid")));
    write(&mut hold, SECOND, 10.0, refused, 10.1);
    assert_eq!(hold.own(&sight(Some(SECOND))), None);
    assert_eq!(hold.own(&sight(Some(FIRST))), Some(FIRST));
}

#[test]
fn a_copy_of_the_own_record_on_another_object_is_not_own() {
    let copied = Sight { uid: "other".into(), ..sight(Some(FIRST)) };
    assert_eq!(hold().own(&copied), None);
}

#[test]
fn a_write_that_left_the_record_as_it_was_prolongs_nothing() {
    let mut hold = hold();
    let kept = Outcome::Applied(sight(Some(FIRST)));
    assert_eq!(write(&mut hold, SECOND, 10.0, kept, 10.1), Verdict::Kept);
    assert_eq!(hold.valid_for(at(10.1)), Duration::from_secs_f64(16.9));
    assert_eq!(hold.own(&sight(Some(SECOND))), None);
}

#[test]
fn other_writes_neither_hasten_nor_delay_a_renewal() {
    let refused = || Outcome::Failed(Failure::Refused(refusal(422, "Invalid")));
    let kept = || Outcome::Applied(sight(Some(FIRST)));
    for outcome in [refused, kept] {
        let mut hold = hold();
        for (value, sent) in [(SECOND, 5.0), (THIRD, 9.9)] {
            assert!(hold.begin(written(value, sent), at(sent)));
            hold.settle(value, false, outcome(), at(sent), 0);
        }
        assert_eq!(hold.next(at(9.9)), Next::Wait(Duration::from_millis(100)));
        assert_eq!(hold.next(at(10.0)), Next::Renew);
    }
}

#[test]
fn a_hold_ends_before_its_release_is_sent() {
    let mut hold = hold();
    assert_eq!(hold.release(at(1.0)), Ok(()));
    assert_eq!(hold.valid_for(at(1.0)), Duration::ZERO);
    assert!(hold.is_over() && hold.loss().is_none());
    assert!(!hold.begin(written(SECOND, 1.0), at(1.0)), "no renewal after it");
    assert_eq!(hold.next(at(1.0)), Next::Ended);
}
