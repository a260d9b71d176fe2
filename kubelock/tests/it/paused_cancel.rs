//! Calls that are given up or stopped at each of their awaits, on paused time: nothing of them
//! stays.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use json_patch::Patch;
use kubelock::{Guard, HoldOptions, Lock, Wait};
use serde_json::{Value, json};
use testkit::wire::Fault;
use tokio::time::sleep;

use crate::paused::{APP, LEASE, MILLI, PausedStage, SECOND, TTL, hold, settled, waiting, within};
use crate::support::KEY;

pub(crate) const LIFETIME: Duration = Duration::from_secs(5);
/// No request of a call that was given up lives longer, nor is looked for.
pub(crate) const ALL_OVER: Duration = Duration::from_secs(15);
/// Longer than any request of a call lives.
const STOP: Duration = Duration::from_secs(100);
/// No call is polled as often.
pub(crate) const POLLS_MAX: usize = 2_000;

/// Polls the future so many times, each time that it wants to be, and drops it. `None` unless it
/// was done before.
async fn given_up<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    polled(polls, pin!(future)).await
}

/// Polls the future so many times, and not at all for the time of a stop. Says whether it was
/// stopped.
async fn stopped<T>(polls: usize, future: impl Future<Output = T>) -> (bool, T) {
    let mut future = pin!(future);
    if let Some(done) = polled(polls, future.as_mut()).await {
        return (false, done);
    }
    sleep(STOP).await;
    (true, future.await)
}

pub(crate) async fn polled<T>(
    polls: usize,
    mut future: Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// What there is when alice asks for the lock.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scene {
    Free,
    HeldThenReleased,
    Dead,
    LostReply,
    Late,
    LeaseToBeMade,
    BrokenWatch,
    SlowServer,
}

pub(crate) const SCENES: [Scene; 8] = [
    Scene::Free,
    Scene::HeldThenReleased,
    Scene::Dead,
    Scene::LostReply,
    Scene::Late,
    Scene::LeaseToBeMade,
    Scene::BrokenWatch,
    Scene::SlowServer,
];

const WAITS: [Wait; 2] = [Wait::No, Wait::For(Duration::from_secs(20))];

impl Scene {
    pub(crate) async fn set(self, stage: &PausedStage) {
        stage.server.set_latency(20 * MILLI);
        match self {
            Self::Free | Self::LeaseToBeMade => {}
            Self::HeldThenReleased => held_for(stage, 2 * SECOND).await,
            Self::Dead => stage.die_as(HoldOptions { ttl: 3 * SECOND, ..hold("carol") }).await,
            Self::LostReply => {
                stage.wire.spoil_writes([Fault::LoseReply]);
                stage.wire.spoil_reads([Fault::Hang]);
            }
            Self::Late => {
                stage.wire.spoil_writes(vec![Fault::ArriveLate(4 * SECOND); 2]);
                stage.wire.spoil_reads(vec![Fault::CutBefore; 3]);
            }
            Self::BrokenWatch => {
                stage.wire.spoil_watches([
                    Fault::CutAfter(100 * MILLI),
                    Fault::EndAfter(100 * MILLI),
                    Fault::Refuse,
                ]);
                held_for(stage, 2 * SECOND).await;
            }
            Self::SlowServer => stage.server.set_latency(SECOND),
        }
    }

    pub(crate) fn lock(self, stage: &PausedStage) -> Lock {
        if matches!(self, Self::LeaseToBeMade) {
            return stage.lease_lock();
        }
        PausedStage::lock_of(&stage.kube_lock().with_request_lifetime(LIFETIME))
    }

    pub(crate) fn path(self) -> &'static str {
        if matches!(self, Self::LeaseToBeMade) { LEASE } else { APP }
    }

    pub(crate) fn options(self, owner: &str) -> HoldOptions {
        HoldOptions { create_lease: matches!(self, Self::LeaseToBeMade), ..waiting(owner) }
    }
}

/// Somebody else has the lock for so long.
async fn held_for(stage: &PausedStage, span: Duration) {
    let carol = stage.aside().lock().hold("app", hold("carol")).await.unwrap();
    tokio::spawn(async move {
        sleep(span).await;
        carol.release().await.unwrap();
    });
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_is_given_up_while_it_is_asked_for_leaves_nothing_wherever_that_is() {
    for scene in SCENES {
        let mut polls = 0;
        loop {
            let stage = PausedStage::new();
            scene.set(&stage).await;
            let lock = scene.lock(&stage);
            let asked = given_up(polls, lock.hold("app", scene.options("alice"))).await;
            let is_done = asked.is_some();
            if let Some(guard) = asked {
                // A late copy of its acquire comes to nothing while it is held.
                sleep(LIFETIME).await;
                drop(guard.unwrap());
            }
            let lifetime =
                if matches!(scene, Scene::LeaseToBeMade) { 60 * SECOND } else { LIFETIME };
            sleep(lifetime + ALL_OVER).await;
            let value = stage.server.annotation(scene.path(), KEY).unwrap_or_default();
            assert!(!value.contains("alice"), "{scene:?} after {polls} polls: {value}");
            assert_eq!(stage.server.watch_count(), 0);
            let lock = scene.lock(&stage);
            let bob = within(TTL, lock.hold("app", scene.options("bob")));
            assert!(bob.await.unwrap().is_valid(), "{scene:?} after {polls} polls");
            if is_done {
                break;
            }
            polls += 1;
            assert!(polls < POLLS_MAX, "{scene:?}");
        }
        assert!(polls >= 4, "{scene:?}: only {polls} polls");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_call_left_is_removed_however_long_the_server_was_away() {
    let stage = PausedStage::new();
    let lock = PausedStage::lock_of(&stage.kube_lock().with_request_lifetime(LIFETIME));
    stage.wire.spoil_writes([Fault::LoseReply]);
    let options = HoldOptions { ttl: 3_600 * SECOND, ..hold("alice") };
    let asked = lock.hold("app", options);
    assert!(given_up(4, asked).await.is_none() && stage.value().is_some());
    stage.wire.blackhole(true);
    sleep(60 * LIFETIME).await;
    assert!(stage.value().is_some());
    stage.wire.blackhole(false);
    sleep(2 * ALL_OVER).await;
    assert_eq!(stage.value(), None);
    stage.wire.take_methods();
    sleep(600 * SECOND).await;
    assert_eq!(stage.wire.take_methods(), crate::paused::NONE);
}

#[tokio::test(start_paused = true)]
async fn who_was_stopped_while_it_asked_is_told_the_truth_and_leaves_nothing_wherever_that_is() {
    for (scene, wait) in SCENES.into_iter().flat_map(|scene| WAITS.map(|wait| (scene, wait))) {
        for polls in 0.. {
            let about = format!("{scene:?}, {wait:?}, stopped after {polls} polls");
            assert!(polls < POLLS_MAX, "{about}");
            let stage = PausedStage::new();
            scene.set(&stage).await;
            let options = HoldOptions { ttl: 600 * SECOND, wait, ..scene.options("alice") };
            let lock = scene.lock(&stage);
            let (was_stopped, result) = stopped(polls, lock.hold("app", options)).await;
            let stands = || stage.server.annotation(scene.path(), KEY).unwrap_or_default();
            match result {
                Ok(guard) => {
                    assert!(guard.is_valid() && stands().contains(guard.hold_id().as_str()));
                }
                Err(error) => {
                    let may_stand = error.is_outcome_unknown();
                    assert!(may_stand || !stands().contains("alice"), "{about}: {error}");
                    sleep(ALL_OVER).await;
                    assert!(!stands().contains("alice"), "{about}: {error}; it stays");
                }
            }
            if !was_stopped {
                break;
            }
        }
    }
}

/// A hold on a server whose answers take a while.
async fn held(stage: &PausedStage) -> Guard {
    stage.server.put_object(
        APP,
        json!({
            "metadata": { "annotations": { "team": "a" }, "finalizers": ["example.org/log"] },
        }),
    );
    let lock = PausedStage::lock_of(&stage.kube_lock().with_request_lifetime(LIFETIME));
    let guard = lock.hold("app", hold("alice")).await.unwrap();
    stage.server.set_latency(20 * MILLI);
    guard
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_given_up_goes_on_in_the_background() {
    for fault in [Fault::None, Fault::LoseReply, Fault::CutBefore, Fault::Hang] {
        for polls in 0.. {
            let stage = PausedStage::new();
            let guard = held(&stage).await;
            stage.wire.spoil_writes([fault.clone()]);
            let released = given_up(polls, guard.release()).await;
            sleep(5 * SECOND).await;
            assert_eq!(stage.value(), None, "{fault:?} after {polls} polls");
            if released.is_some() {
                assert!(polls >= 2);
                break;
            }
        }
    }
}

fn append() -> Patch {
    let operations =
        json!([{ "op": "add", "path": "/metadata/finalizers/-", "value": "example.org/once" }]);
    serde_json::from_value(operations).unwrap()
}

fn appended(stage: &PausedStage) -> usize {
    let object = stage.server.object(APP).unwrap();
    object["metadata"]["finalizers"].as_array().unwrap().len() - 1
}

#[tokio::test(start_paused = true)]
async fn a_guarded_write_that_is_given_up_is_applied_once_at_most_and_the_hold_goes_on() {
    let faults = [Fault::None, Fault::LoseReply, Fault::HangAfter, Fault::ArriveLate(4 * SECOND)];
    for fault in faults {
        for polls in 0.. {
            let stage = PausedStage::new();
            let guard = held(&stage).await;
            stage.wire.spoil_writes([fault.clone()]);
            let written = given_up(polls, guard.patch(append(), None)).await;
            assert!(guard.is_valid());
            sleep(2 * TTL).await;
            let (times, about) = (appended(&stage), format!("{fault:?} after {polls} polls"));
            assert!(times <= 1 && guard.is_valid() && stage.shows(&guard), "{about}: {times}");
            guard.release().await.unwrap();
            assert_eq!(stage.value(), None, "{about}");
            if let Some(result) = written {
                assert!(result.is_ok() && times == 1 && polls >= 2, "{about}: {result:?}");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_guarded_write_that_is_given_up_while_it_waits_for_a_renewal_is_never_sent() {
    let stage = PausedStage::new();
    let guard = held(&stage).await;
    stage.server.set_latency(SECOND);
    stage.sent(&crate::support::PATCH).await;
    assert!(given_up(1, guard.patch(append(), None)).await.is_none());
    sleep(2 * TTL).await;
    assert_eq!(appended(&stage), 0);
    assert!(guard.is_valid());
}

#[tokio::test(start_paused = true)]
async fn who_stops_listening_for_a_loss_changes_nothing() {
    for polls in 0..12 {
        let stage = PausedStage::new();
        let guard = held(&stage).await;
        assert_eq!(given_up(polls, guard.lost()).await, None);
        sleep(TTL).await;
        assert!(guard.is_valid() && stage.shows(&guard));
        guard.release().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_is_given_up_while_held_is_dropped_and_the_hold_goes_on() {
    for polls in 0..6 {
        let stage = PausedStage::new();
        let guard = held(&stage).await;
        let work = async {
            for _ in 0..100 {
                sleep(SECOND).await;
                stage.server.annotate(APP, "beat", Some(&format!("{:?}", stage.server.now())));
            }
        };
        assert!(given_up(polls, guard.while_held(work)).await.is_none());
        let beat = || stage.server.annotation(APP, "beat");
        let last = beat();
        sleep(TTL).await;
        assert_eq!(beat(), last);
        assert!(guard.is_valid() && stage.shows(&guard));
    }
}

#[tokio::test(start_paused = true)]
async fn work_is_not_polled_any_more_once_the_lock_is_lost_and_told_so() {
    let stage = PausedStage::new();
    let guard = held(&stage).await;
    stage.wire.blackhole(true);
    let mut beats = 0;
    let work = async {
        loop {
            beats += 1;
            assert!(guard.is_valid());
            sleep(SECOND).await;
        }
    };
    let result: Result<Value, _> = guard.while_held(work).await;
    assert_eq!(
        result.unwrap_err().to_string(),
        "the lock was lost: no renewal was confirmed in time"
    );
    assert!((20..=28).contains(&beats), "{beats}");
    assert_eq!(guard.while_held(async { 1 }).await.ok(), None, "nor begun");

    stage.wire.blackhole(false);
    stage.overwrite(None);
    settled().await;
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    assert_eq!(guard.while_held(async { 1 }).await, Ok(1));
}
