//! Calls that their callers end early, at each of their awaits, on paused time: they are over within
//! a second, and say what became of them.

use std::pin::pin;
use std::time::Duration;

use kubelock::{AcquireOptions, CancellationToken, Error, HoldOptions, Wait};
use testkit::wire::Fault;
use tokio::time::{Instant, sleep};

use crate::paused::{APP, PausedStage, SECOND, hold, waiting};
use crate::paused_cancel::{ALL_OVER, LIFETIME, POLLS_MAX, SCENES, Scene, polled};
use crate::support::GET;

/// Whatever a call that was ended has sent is dead by then, and was looked for.
const OVER: Duration = Duration::from_secs(75);

/// Who takes the lock.
#[derive(Debug, Clone, Copy)]
enum Caller {
    Hold,
    Acquire,
}

/// Polls so many times, ends the call, and waits for what it says. `None`: it was done before.
async fn ended<T>(
    polls: usize,
    cancel: &CancellationToken,
    call: impl Future<Output = T>,
) -> (bool, T) {
    let mut call = pin!(call);
    if let Some(done) = polled(polls, call.as_mut()).await {
        return (false, done);
    }
    cancel.cancel();
    let began = Instant::now();
    let done = call.await;
    assert!(began.elapsed() <= SECOND, "it took {:?}", began.elapsed());
    (true, done)
}

/// A late copy of what a call has sent comes to nothing while its lock is held.
async fn no_copy_lands() {
    sleep(LIFETIME).await;
}

impl Caller {
    /// What became of the call: `Ok` if the lock was taken, and was given back.
    async fn ended(self, scene: Scene, stage: &PausedStage, polls: usize) -> (bool, Option<Error>) {
        let (lock, token) = (scene.lock(stage), CancellationToken::new());
        let HoldOptions { owner, create_lease, .. } = scene.options("alice");
        let cancel = Some(token.clone());
        match self {
            Self::Hold => {
                let options = HoldOptions { cancel, ..scene.options("alice") };
                let (was_ended, held) = ended(polls, &token, lock.hold("app", options)).await;
                let error = match held {
                    Ok(guard) => {
                        no_copy_lands().await;
                        guard.release().await.err()
                    }
                    Err(error) => Some(error),
                };
                (was_ended, error)
            }
            Self::Acquire => {
                let wait = Wait::Forever;
                let options =
                    AcquireOptions { owner, create_lease, wait, cancel, ..Default::default() };
                let (was_ended, taken) = ended(polls, &token, lock.acquire("app", options)).await;
                let error = match taken {
                    Ok(acquired) => {
                        no_copy_lands().await;
                        acquired.release().await.err()
                    }
                    Err(error) => Some(error),
                };
                (was_ended, error)
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_ended_is_over_within_a_second_says_what_became_of_it_and_leaves_nothing() {
    for (scene, caller) in
        SCENES.into_iter().flat_map(|scene| [Caller::Hold, Caller::Acquire].map(|it| (scene, it)))
    {
        let mut cancelled = 0;
        for polls in 0.. {
            let about = format!("{scene:?}, {caller:?}, ended after {polls} polls");
            assert!(polls < POLLS_MAX, "{about}");
            let stage = PausedStage::new();
            scene.set(&stage).await;
            let (was_ended, error) = caller.ended(scene, &stage, polls).await;
            let stands = || stage.server.annotation(scene.path(), crate::support::KEY);
            let is_ours = || stands().is_some_and(|value| value.contains("alice"));
            let is_unknown = error.as_ref().is_some_and(Error::is_outcome_unknown);
            assert!(is_unknown || !is_ours(), "{about}: {error:?}");
            cancelled += usize::from(error.as_ref().is_some_and(Error::is_cancelled));
            if was_ended {
                sleep(OVER + ALL_OVER + LIFETIME).await;
                assert!(!is_ours(), "{about}: {error:?}; it stays");
            } else {
                break;
            }
        }
        assert!(cancelled >= 1, "{scene:?}, {caller:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_another_is_done_at_once_when_the_call_is_ended() {
    let stage = PausedStage::new();
    let _carol = stage.aside().lock().hold("app", hold("carol")).await.unwrap();
    let (hold_token, acquire_token) = (CancellationToken::new(), CancellationToken::new());
    let options = HoldOptions { cancel: Some(hold_token.clone()), ..waiting("alice") };
    let (alice, bob) = (stage.lock(), stage.lock());
    let held = tokio::spawn(async move { alice.hold("app", options).await.map(drop) });
    let options = AcquireOptions {
        owner: "bob".into(),
        wait: Wait::Forever,
        cancel: Some(acquire_token.clone()),
        ..Default::default()
    };
    let acquired = tokio::spawn(async move { bob.acquire("app", options).await.map(drop) });
    sleep(5 * SECOND).await;
    stage.wire.take_methods();

    let began = Instant::now();
    hold_token.cancel();
    assert!(held.await.unwrap().unwrap_err().is_cancelled());
    acquire_token.cancel();
    assert!(acquired.await.unwrap().unwrap_err().is_cancelled());

    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(stage.wire.take_methods().is_empty(), "there is nothing to look for");
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_answer_is_lost_is_found_and_removed_before_the_call_is_over() {
    for fault in [Fault::HangAfter, Fault::Hang] {
        let stage = PausedStage::new();
        let lost = matches!(fault, Fault::HangAfter);
        stage.wire.spoil_writes([fault]);
        let token = CancellationToken::new();
        let options = HoldOptions {
            cancel: Some(token.clone()),
            deadline: Some(5 * SECOND),
            ..hold("alice")
        };
        let (_, held) = ended(1, &token, stage.lock().hold("app", options)).await;
        let error = held.unwrap_err();
        assert_eq!(error.is_cancelled(), lost, "{error}");
        assert_eq!(error.is_outcome_unknown(), !lost, "{error}");
        assert!(stage.wire.take_methods().contains(&GET));
        assert_eq!(stage.server.annotation(APP, crate::support::KEY), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_ended_before_it_begins_sends_nothing() {
    let stage = PausedStage::new();
    let token = CancellationToken::new();
    token.cancel();
    let options = HoldOptions { cancel: Some(token.clone()), ..hold("alice") };
    assert!(stage.lock().hold("app", options).await.unwrap_err().is_cancelled());
    let options = AcquireOptions { cancel: Some(token), ..Default::default() };
    assert!(stage.lock().acquire("app", options).await.unwrap_err().is_cancelled());
    assert!(stage.wire.take_methods().is_empty());
}
