//! Locks that are broken, on paused time: what was shown goes, and nothing else.

use std::time::Duration;

use kubelock::{AcquireOptions, BreakOptions, Error, GetOptions, Guard, Loss, Standing};
use serde_json::{Value, json};
use testkit::wire::{Fault, Reply};
use tokio::time::{advance, sleep};

use crate::paused::{APP, NONE, PausedStage, SECOND, TTL, hold, settled};
use crate::support::{GET, PATCH, PUT, acquire, expired, release};

const NO_RECORD: &str = r#"{"owner":7}"#;

fn live() -> BreakOptions {
    BreakOptions { live: true, ..Default::default() }
}

fn force() -> BreakOptions {
    BreakOptions { malformed: true, ..Default::default() }
}

/// What a person is shown; the read is not counted.
async fn shown(stage: &PausedStage) -> Standing {
    let standing = stage.lock().standing("app", GetOptions::default()).await.unwrap().unwrap();
    assert_eq!(stage.wire.take_methods(), [GET]);
    standing
}

/// A hold of somebody whose requests are not counted.
async fn held(stage: &PausedStage) -> Guard {
    stage.aside().lock().hold("app", hold("alice")).await.unwrap()
}

/// A lock by the seed's call, of somebody whose requests are not counted.
async fn acquired(stage: &PausedStage, owner: &str) {
    stage.aside().lock().acquire("app", acquire(owner)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_nobody_holds_shows_nothing_to_break() {
    let stage = PausedStage::new();
    assert!(stage.lock().standing("app", GetOptions::default()).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_expired_record_is_broken_with_one_write_that_tests_the_object_and_the_exact_bytes() {
    let stage = PausedStage::new();
    let value = expired("alice");
    stage.overwrite(Some(&value));
    let standing = shown(&stage).await;
    let broken = standing.break_lock(BreakOptions::default()).await.unwrap();

    assert_eq!((stage.value(), broken.record.unwrap().owner.as_str()), (None, "alice"));
    assert_eq!((broken.is_confirmed, broken.was_live), (true, false));
    let sent = stage.wire.take_sent();
    assert_eq!(sent.iter().map(|sent| &sent.method).collect::<Vec<_>>(), [PATCH]);
    let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(
        body,
        json!([
            { "op": "test", "path": "/metadata/uid", "value": standing.uid() },
            { "op": "test", "path": "/metadata/annotations/kubelock.giantswarm.io~1l", "value": value },
            { "op": "remove", "path": "/metadata/annotations/kubelock.giantswarm.io~1l" },
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn a_live_record_is_not_broken_unless_that_is_asked_for_and_nothing_is_sent() {
    let stage = PausedStage::new();
    acquired(&stage, "alice").await;
    let standing = shown(&stage).await;
    for options in [BreakOptions::default(), force()] {
        let error = standing.break_lock(options).await.unwrap_err();
        assert!(error.is_still_live(), "{error}");
        assert_eq!(error.held().unwrap().record.owner, "alice");
    }
    assert_eq!(stage.wire.take_methods(), NONE);
    assert!(standing.break_lock(live()).await.unwrap().was_live);
    assert_eq!(stage.value(), None);
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_followed_through_its_renewals_and_learns_that_it_was_broken() {
    let stage = PausedStage::new();
    let guard = held(&stage).await;
    let standing = shown(&stage).await;
    sleep(TTL / 3).await;
    assert_ne!(stage.value().as_deref(), Some(standing.value()), "it was renewed");

    let broken = standing.break_lock(live()).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, GET, PATCH]);
    assert_eq!(broken.record, Some(guard.record()));
    assert_eq!(stage.value(), None);
    let before = tokio::time::Instant::now();
    assert!(matches!(guard.lost().await, Loss::Removed), "its holder is told why");
    assert!(before.elapsed() <= TTL / 3, "by its next renewal: {:?}", before.elapsed());
    assert_eq!(stage.value(), None, "a renewal brings nothing back");
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_was_shown_as_expired_and_renews_again_is_live() {
    let stage = PausedStage::new();
    let guard = held(&stage).await;
    let living = stage.value().unwrap();
    let mut dead = guard.record();
    dead.created_at = dead.created_at.saturating_add_nanos(-3_600_000_000_000);
    stage.overwrite(Some(&dead.encode()));
    let standing = shown(&stage).await;
    assert!(standing.is_expired(kubelock::ExpiryRule::BothClocks));
    stage.overwrite(Some(&living));

    let error = standing.break_lock(BreakOptions::default()).await.unwrap_err();
    assert!(error.is_still_live(), "{error}");
    assert_eq!(stage.value(), Some(living));
}

#[tokio::test(start_paused = true)]
async fn what_was_released_meanwhile_is_not_found() {
    let stage = PausedStage::new();
    let guard = held(&stage).await;
    let standing = shown(&stage).await;
    guard.release().await.unwrap();
    let error = standing.break_lock(live()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(stage.wire.take_methods(), [PATCH, GET]);
}

#[tokio::test(start_paused = true)]
async fn another_hold_or_record_is_never_broken_not_even_of_the_same_owner() {
    for next in ["alice", "bob"] {
        let stage = PausedStage::new();
        acquired(&stage, "alice").await;
        let standing = shown(&stage).await;
        stage.aside().lock().release("app", release("alice")).await.unwrap();
        advance(SECOND).await;
        acquired(&stage, next).await;
        let stands = stage.value();
        let error = standing.break_lock(live()).await.unwrap_err();
        assert!(error.is_owner_mismatch(), "{error}");
        assert_eq!((error.held().unwrap().record.owner.as_str(), stage.value()), (next, stands));

        let stage = PausedStage::new();
        let guard = held(&stage).await;
        let standing = shown(&stage).await;
        guard.release().await.unwrap();
        let next = stage.aside().lock().hold("app", hold(next)).await.unwrap();
        assert!(standing.break_lock(live()).await.unwrap_err().is_owner_mismatch());
        assert!(stage.shows(&next) && next.is_valid());
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_on_an_object_that_was_made_anew_is_not_what_was_shown() {
    let stage = PausedStage::new();
    let guard = held(&stage).await;
    let standing = shown(&stage).await;
    let value = guard.record().encode();
    stage.server.delete(APP);
    stage.server.put_object(APP, json!({}));
    stage.overwrite(Some(&value));
    let error = standing.break_lock(live()).await.unwrap_err();
    assert!(error.is_owner_mismatch(), "{error}");
    assert_eq!(stage.value(), Some(value));

    stage.server.delete(APP);
    let error = standing.break_lock(live()).await.unwrap_err();
    assert!(error.is_object_missing(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_record_is_removed_by_force_and_only_as_it_was_shown() {
    let stage = PausedStage::new();
    stage.overwrite(Some(NO_RECORD));
    let standing = shown(&stage).await;
    assert!(standing.record().is_err());
    assert!(standing.break_lock(live()).await.unwrap_err().is_malformed());
    assert_eq!(
        (stage.wire.take_methods(), stage.value().as_deref()),
        (NONE.into(), Some(NO_RECORD))
    );

    stage.overwrite(Some("?"));
    assert!(standing.break_lock(force()).await.unwrap_err().is_malformed());
    assert_eq!(stage.value().as_deref(), Some("?"));

    stage.overwrite(Some(NO_RECORD));
    let broken = standing.break_lock(force()).await.unwrap();
    assert_eq!((stage.value(), broken.record), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_removal_without_an_answer_is_resolved() {
    let faults = [
        (Fault::LoseReply, false, vec![PATCH, GET]),
        (Fault::HangAfter, false, vec![PATCH, GET]),
        (Fault::AnswerAfter(Reply::new(500, "InternalError")), false, vec![PATCH, GET]),
        (Fault::CutBefore, true, vec![PATCH, GET, PATCH]),
        (Fault::ArriveLate(SECOND), true, vec![PATCH, GET, PATCH]),
        (Fault::Refuse, true, vec![PATCH, PATCH]),
        (Fault::Answer(Reply::new(403, "Forbidden")), true, vec![PATCH, GET, PUT]),
    ];
    for (fault, is_confirmed, methods) in faults {
        let stage = PausedStage::new();
        stage.overwrite(Some(&expired("alice")));
        let standing = shown(&stage).await;
        stage.wire.spoil_writes([fault.clone()]);
        let result = standing.break_lock(BreakOptions::default()).await;
        // A refusal that hides a success may be told as what it looks like: the record is gone.
        let told = result.as_ref().is_ok_and(|broken| broken.is_confirmed == is_confirmed)
            || (!is_confirmed && result.as_ref().is_err_and(Error::is_not_found));
        assert!(told, "{fault:?}: {result:?}");
        assert_eq!((stage.value(), stage.wire.take_methods()), (None, methods), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_and_then_another_holder_leave_that_holder_alone() {
    let stage = PausedStage::new();
    stage.overwrite(Some(&expired("alice")));
    let standing = shown(&stage).await;
    stage.wire.spoil_writes([Fault::HangAfter]);
    let (broken, ()) = tokio::join!(standing.break_lock(BreakOptions::default()), async {
        settled().await;
        acquired(&stage, "bob").await;
    });
    let broken = broken.unwrap();
    assert_eq!((broken.is_confirmed, broken.record.unwrap().owner.as_str()), (false, "alice"));
    assert_eq!(stage.owner().as_deref(), Some("bob"));
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_renewed_while_an_attempt_had_no_answer_is_not_taken_for_broken() {
    let stage = PausedStage::new();
    let _guard = held(&stage).await;
    let standing = shown(&stage).await;
    sleep(9 * SECOND - SECOND / 2).await;
    assert_eq!(stage.value().as_deref(), Some(standing.value()), "it is not renewed yet");
    // For two and a half seconds; the renewal comes meanwhile.
    stage.wire.spoil_writes([Fault::Hang]);
    let broken = standing.break_lock(live()).await.unwrap();
    assert!(broken.is_confirmed);
    assert_eq!(stage.wire.take_methods(), [PATCH, GET, PATCH]);
    assert_eq!(stage.value(), None);
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_leaves_it_unknown_whether_the_lock_was_broken() {
    let stage = PausedStage::new();
    stage.overwrite(Some(&expired("alice")));
    let standing = shown(&stage).await;
    stage.wire.blackhole(true);
    let error = standing.break_lock(BreakOptions::default()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_holder_of_many_renewals_is_broken_all_the_same() {
    let stage = PausedStage::new();
    let guard = held(&stage).await;
    let standing = shown(&stage).await;
    sleep(10 * TTL).await;
    assert!(guard.is_valid());
    standing.break_lock(live()).await.unwrap();
    assert_eq!(stage.value(), None);
    sleep(TTL).await;
    assert!(!guard.is_valid());
}

#[tokio::test(start_paused = true)]
async fn a_waiter_gets_the_lock_that_was_broken() {
    let stage = PausedStage::new();
    let ttl = Duration::from_hours(1);
    let options = AcquireOptions { ttl, ..acquire("alice") };
    stage.aside().lock().acquire("app", options).await.unwrap();
    let standing = shown(&stage).await;
    let waiter = stage.aside();
    let waiting = tokio::spawn(async move {
        waiter.lock().hold("app", crate::paused::waiting("bob")).await.unwrap()
    });
    sleep(SECOND).await;
    standing.break_lock(live()).await.unwrap();
    let guard = waiting.await.unwrap();
    assert_eq!(stage.owner().as_deref(), Some("bob"));
    assert!(guard.is_valid());
}
