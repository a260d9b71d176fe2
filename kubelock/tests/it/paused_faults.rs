//! Each class of fault at each step of a hold, on paused time: what a caller is told is true.

use std::time::Duration;

use kubelock::{Error, Guard, HoldOptions, KubeLock};
use testkit::wire::{Fault, Reply};
use tokio::time::{Instant, sleep};

use crate::paused::{LEASE, PausedStage, SECOND, TTL, hold, settled, waiting, waiting_for, within};
use crate::support::{KEY, PATCH};

/// No request lives longer on this stage.
const LIFETIME: Duration = Duration::from_secs(5);
/// After that, a call, and a little.
const ALL_OVER: Duration = Duration::from_secs(15);

fn faults() -> Vec<Fault> {
    let replies = [
        Reply::new(403, "Forbidden"),
        Reply::new(409, "Conflict"),
        Reply::new(422, "Invalid"),
        Reply::new(429, "TooManyRequests").retry_after(1),
        Reply::new(500, "InternalError"),
        Reply::new(503, "ServiceUnavailable"),
        Reply::new(504, "Timeout"),
    ];
    let plain = [
        Fault::None,
        Fault::LoseReply,
        Fault::CutBefore,
        Fault::Refuse,
        Fault::Hang,
        Fault::HangAfter,
        Fault::ArriveLate(2 * SECOND),
        Fault::ArriveLate(LIFETIME - SECOND / 10),
    ];
    let before = replies.iter().cloned().map(Fault::Answer);
    let after = replies.iter().cloned().map(Fault::AnswerAfter);
    plain.into_iter().chain(before).chain(after).collect()
}

fn locks(stage: &PausedStage) -> KubeLock {
    stage.kube_lock().with_request_lifetime(LIFETIME)
}

/// Looks at a hold for two ttls: while it says that it is valid, its record stands.
async fn believes_the_truth(stage: &PausedStage, guard: &Guard, about: &str) {
    for _ in 0..240 {
        assert!(!guard.is_valid() || stage.shows(guard), "{about}");
        sleep(TTL / 120).await;
    }
}

/// What must be true of a hold that was handed out: it is one, it lasts, it can be given back.
async fn is_a_hold(stage: &PausedStage, guard: Guard, about: &str) {
    assert!(guard.is_valid(), "{about}");
    assert_eq!(stage.value(), Some(guard.record().encode()), "{about}");
    assert_eq!(guard.token().to_string(), stage.server.version().to_string(), "{about}");
    believes_the_truth(stage, &guard, about).await;
    assert!(guard.is_valid(), "{about}");
    guard.release().await.unwrap_or_else(|error| panic!("{about}: {error}"));
    assert_eq!(stage.value(), None, "{about}");
    sleep(LIFETIME).await;
    assert_eq!(stage.value(), None, "{about}");
}

/// What must be true after an error: nothing of the caller stands, and others get the lock.
async fn is_nothing(stage: &PausedStage, about: &str) {
    sleep(LIFETIME + ALL_OVER).await;
    assert_ne!(stage.owner().as_deref(), Some("alice"), "{about}");
    let bob = stage.aside().lock().hold("app", hold("bob")).await;
    bob.unwrap_or_else(|error| panic!("{about}: {error}")).release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_acquire_that_meets_one_fault_becomes_a_hold_if_it_may_wait() {
    for fault in faults() {
        let stage = PausedStage::new();
        stage.wire.spoil_writes([fault.clone()]);
        let lock = PausedStage::lock_of(&locks(&stage));
        let guard = lock.hold("app", waiting_for("alice", 60 * SECOND)).await;
        let about = format!("{fault:?}");
        is_a_hold(&stage, guard.unwrap_or_else(|error| panic!("{about}: {error}")), &about).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_acquire_whose_answer_and_then_its_read_meet_a_fault_becomes_a_hold_if_it_may_wait() {
    for first in [Fault::LoseReply, Fault::CutBefore, Fault::Answer(Reply::new(422, "Invalid"))] {
        for fault in faults() {
            let stage = PausedStage::new();
            stage.wire.spoil_writes([first.clone()]);
            stage.wire.spoil_reads([fault.clone()]);
            let lock = PausedStage::lock_of(&locks(&stage));
            let about = format!("{first:?} {fault:?}");
            match lock.hold("app", waiting_for("alice", 60 * SECOND)).await {
                Ok(guard) => is_a_hold(&stage, guard, &about).await,
                // Nothing was written, and the server does not show the object.
                Err(error) => {
                    assert!(error.is_refused() && about.contains("403"), "{about}: {error}");
                    is_nothing(&stage, &about).await;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_acquire_that_meets_any_two_faults_and_does_not_wait_is_a_hold_or_nothing() {
    for first in faults() {
        for second in faults() {
            let stage = PausedStage::new();
            stage.wire.spoil_writes([first.clone(), second.clone()]);
            let lock = PausedStage::lock_of(&locks(&stage));
            let about = format!("{first:?} {second:?}");
            let began = Instant::now();
            let result = lock.hold("app", hold("alice")).await;
            assert!(began.elapsed() <= 11 * SECOND, "{about}: {:?}", began.elapsed());
            match result {
                Ok(guard) => {
                    assert!(guard.is_valid() && stage.shows(&guard), "{about}");
                    let released = guard.release().await;
                    assert!(is_told_of_release(&released, &second), "{about}: {released:?}");
                    assert_eq!(stage.value(), None, "{about}");
                }
                Err(_) => is_nothing(&stage, &about).await,
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_whose_creation_meets_one_fault_is_made_and_held_if_the_call_may_wait() {
    for fault in faults() {
        let stage = PausedStage::new();
        stage.wire.spoil_writes([Fault::None, fault.clone()]);
        let options = HoldOptions { create_lease: true, ..waiting_for("alice", 60 * SECOND) };
        let guard = stage.lease_lock().hold("app", options).await;
        let guard = guard.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        let value = stage.server.annotation(LEASE, KEY);
        assert_eq!(value, Some(guard.record().encode()), "{fault:?}");
        sleep(2 * TTL).await;
        assert!(guard.is_valid(), "{fault:?}");
        guard.release().await.unwrap();
        assert_eq!(stage.server.annotation(LEASE, KEY), None, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiter_whose_reads_meet_a_fault_gets_the_lock() {
    for fault in faults() {
        let stage = PausedStage::new();
        let bob = stage.aside().lock().hold("app", hold("bob")).await.unwrap();
        stage.wire.spoil_reads([fault.clone()]);
        let lock = PausedStage::lock_of(&locks(&stage));
        let alice = tokio::spawn(async move { lock.hold("app", waiting("alice")).await });
        sleep(12 * SECOND).await;
        bob.release().await.unwrap();
        let about = format!("{fault:?}");
        match within(10 * SECOND, alice).await.unwrap() {
            Ok(guard) => is_a_hold(&stage, guard, &about).await,
            Err(error) => {
                assert!(about.contains("403") || about.contains("409") || about.contains("422"));
                assert!(error.is_refused(), "{about}: {error}");
                is_nothing(&stage, &about).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiter_whose_write_meets_a_fault_when_its_turn_comes_gets_the_lock() {
    for fault in faults() {
        let stage = PausedStage::new();
        let bob = stage.aside().lock().hold("app", hold("bob")).await.unwrap();
        let lock = PausedStage::lock_of(&locks(&stage));
        let alice = tokio::spawn(async move { lock.hold("app", waiting("alice")).await });
        sleep(12 * SECOND).await;
        stage.wire.spoil_writes([fault.clone()]);
        bob.release().await.unwrap();
        let about = format!("{fault:?}");
        let guard = within(15 * SECOND, alice).await.unwrap();
        is_a_hold(&stage, guard.unwrap_or_else(|error| panic!("{about}: {error}")), &about).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_takeover_that_meets_a_fault_comes_about() {
    for fault in faults() {
        let stage = PausedStage::new();
        stage.die_as(HoldOptions { ttl: 6 * SECOND, ..hold("bob") }).await;
        let lock = PausedStage::lock_of(&locks(&stage));
        let alice = tokio::spawn(async move { lock.hold("app", waiting("alice")).await });
        settled().await;
        stage.wire.spoil_writes([fault.clone()]);
        let about = format!("{fault:?}");
        let guard = within(25 * SECOND, alice).await.unwrap();
        is_a_hold(&stage, guard.unwrap_or_else(|error| panic!("{about}: {error}")), &about).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_survives_any_two_faults_of_its_renewals() {
    for first in faults() {
        for second in
            [Fault::None, Fault::LoseReply, Fault::HangAfter, Fault::ArriveLate(4 * SECOND)]
        {
            let stage = PausedStage::new();
            let lock = PausedStage::lock_of(&locks(&stage));
            let guard = lock.hold("app", hold("alice")).await.unwrap();
            sleep(8 * SECOND).await;
            stage.wire.spoil_writes([first.clone(), second.clone()]);
            let about = format!("{first:?} {second:?}");
            believes_the_truth(&stage, &guard, &about).await;
            assert!(guard.is_valid(), "{about}");
            assert_eq!(stage.value(), Some(guard.record().encode()), "{about}");
            guard.release().await.unwrap();
            assert_eq!(stage.value(), None, "{about}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_survives_a_renewal_whose_answer_and_then_its_read_meet_a_fault() {
    for first in [Fault::LoseReply, Fault::CutBefore] {
        for fault in faults() {
            let stage = PausedStage::new();
            let lock = PausedStage::lock_of(&locks(&stage));
            let guard = lock.hold("app", hold("alice")).await.unwrap();
            sleep(8 * SECOND).await;
            stage.wire.spoil_writes([first.clone()]);
            stage.wire.spoil_reads([fault.clone()]);
            let about = format!("{first:?} {fault:?}");
            believes_the_truth(&stage, &guard, &about).await;
            assert!(guard.is_valid(), "{about}");
            guard.release().await.unwrap();
            assert_eq!(stage.value(), None, "{about}");
        }
    }
}

/// Whether a release that met this fault says that it is done. A refusal after it was applied
/// cannot be told from one because somebody else had removed the record.
fn is_told_of_release(released: &Result<(), Error>, fault: &Fault) -> bool {
    match released {
        Ok(()) => true,
        Err(error) => error.is_lost() && matches!(fault, Fault::AnswerAfter(_)),
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_meets_a_fault_is_done_when_it_says_so() {
    for fault in faults() {
        let stage = PausedStage::new();
        let lock = PausedStage::lock_of(&locks(&stage));
        let guard = lock.hold("app", hold("alice")).await.unwrap();
        stage.wire.spoil_writes([fault.clone()]);
        let released = guard.release().await;
        assert!(is_told_of_release(&released, &fault), "{fault:?}: {released:?}");
        assert_eq!(stage.value(), None, "{fault:?}");
        sleep(LIFETIME).await;
        assert_eq!(stage.value(), None, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_whose_answer_and_then_its_read_meet_a_fault_is_done_or_said_to_be_unknown() {
    for first in [Fault::LoseReply, Fault::CutBefore] {
        for fault in faults() {
            let stage = PausedStage::new();
            let lock = PausedStage::lock_of(&locks(&stage));
            let guard = lock.hold("app", hold("alice")).await.unwrap();
            stage.wire.spoil_writes([first.clone()]);
            stage.wire.spoil_reads([fault.clone()]);
            match guard.release().await {
                Ok(()) => assert_eq!(stage.value(), None, "{first:?} {fault:?}"),
                Err(error) => assert!(error.is_outcome_unknown(), "{first:?} {fault:?}: {error}"),
            }
            // A waiter gets it after a ttl at the latest.
            let lock = stage.aside().lock();
            let bob = within(TTL + 2 * SECOND, lock.hold("app", waiting("bob"))).await;
            assert!(bob.unwrap().is_valid(), "{first:?} {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_acquire_none_of_whose_answers_comes_ends_in_time_and_leaves_nothing() {
    for fault in [Fault::LoseReply, Fault::HangAfter, Fault::AnswerAfter(Reply::new(503, ""))] {
        let stage = PausedStage::new();
        stage.wire.spoil_writes(vec![fault.clone(); 10_000]);
        let lock = PausedStage::lock_of(&locks(&stage));
        let began = Instant::now();
        let error = lock.hold("app", hold("alice")).await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{fault:?}: {error}");
        assert!(began.elapsed() <= 11 * SECOND, "{fault:?}: {:?}", began.elapsed());
        let writes = stage.wire.take_methods().into_iter().filter(|method| *method == PATCH);
        assert!(writes.count() <= 40, "{fault:?}");
        stage.wire.spoil_writes([]);
        is_nothing(&stage, &format!("{fault:?}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_acquire_that_arrives_in_the_last_moment_of_its_life_is_removed() {
    for arrives_after in [1, 13, 25, 40, 53, 58] {
        let stage = PausedStage::new();
        stage.wire.spoil_writes([Fault::ArriveLate(arrives_after * SECOND)]);
        let lock = stage.lock();
        let options = HoldOptions { ttl: 3 * SECOND, ..hold("alice") };
        let (result, ()) = tokio::join!(lock.hold("app", options), async {
            stage.sent(&PATCH).await;
            stage.wire.down(true);
        });
        assert!(result.as_ref().is_err_and(Error::is_outcome_unknown), "{result:?}");
        stage.wire.down(false);
        sleep(58 * SECOND + ALL_OVER).await;
        assert_eq!(stage.value(), None, "{arrives_after}");
    }
}
