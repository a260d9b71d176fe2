//! Spoiled requests in front of the real server: what the caller is told is true.

use std::time::Duration;

use kubelock::{GetOptions, Lock, Timestamp};
use testkit::wire::{Fault, Reply};

use crate::support::{GET, PATCH, Stage, acquire, any_kube_lock, hasty, kube_lock, release};

/// A caller's client may repeat requests by itself, as kube's does by default.
const CLIENTS: [Retries; 2] = [Retries::Off, Retries::On];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Retries {
    Off,
    On,
}

impl Retries {
    fn lock(self, stage: &Stage) -> Lock {
        match self {
            Self::Off => stage.lock(),
            Self::On => stage.lock_of(&any_kube_lock(stage.wire.client_with_retries())),
        }
    }
}

/// Every way to spoil one write that leaves the server well.
fn passing_faults() -> Vec<Fault> {
    vec![
        Fault::LoseReply,
        Fault::CutBefore,
        Fault::Hang,
        Fault::HangAfter,
        Fault::Answer(Reply::new(500, "InternalError")),
        Fault::AnswerAfter(Reply::new(500, "InternalError")),
        Fault::Answer(Reply::new(503, "ServiceUnavailable")),
        Fault::AnswerAfter(Reply::new(503, "ServiceUnavailable")),
        Fault::AnswerAfter(Reply::new(504, "Timeout")),
        Fault::Answer(Reply::new(409, "Conflict")),
        Fault::AnswerAfter(Reply::new(409, "Conflict")),
        Fault::Answer(Reply::new(429, "TooManyRequests").retry_after(1)),
        Fault::ArriveLate(Duration::from_millis(300)),
    ]
}

#[tokio::test]
async fn an_acquire_that_meets_one_fault_succeeds_and_says_so() {
    let Some(stage) = Stage::new("faults").await else { return };
    for retries in CLIENTS {
        for fault in passing_faults() {
            let lock = retries.lock(&stage);
            stage.wire.spoil_writes([fault.clone()]);
            let acquired = lock
                .acquire("app", acquire("alice"))
                .await
                .unwrap_or_else(|error| panic!("{fault:?} {retries:?}: {error}"));
            assert_eq!(
                stage.value().await,
                Some(acquired.record().encode()),
                "{fault:?} {retries:?}"
            );
            settle(&fault).await;
            assert_eq!(
                stage.value().await,
                Some(acquired.record().encode()),
                "{fault:?} {retries:?}"
            );
            acquired.release().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_release_that_meets_one_fault_succeeds_and_says_so() {
    let Some(stage) = Stage::new("faults").await else { return };
    for retries in CLIENTS {
        for fault in passing_faults() {
            let lock = retries.lock(&stage);
            lock.acquire("app", acquire("alice")).await.unwrap();
            stage.wire.spoil_writes([fault.clone()]);
            let told = lock.release("app", release("alice")).await;
            assert_eq!(stage.value().await, None, "{fault:?} {retries:?}");
            told.unwrap_or_else(|error| panic!("{fault:?} {retries:?}: {error}"));
            settle(&fault).await;
            assert_eq!(stage.value().await, None, "{fault:?} {retries:?}");
        }
    }
}

/// Lets a request that is still on its way arrive.
async fn settle(fault: &Fault) {
    if let Fault::ArriveLate(delay) = fault {
        tokio::time::sleep(*delay + Duration::from_millis(300)).await;
    }
}

#[tokio::test]
async fn a_lost_reply_takes_one_read_more() {
    let Some(stage) = Stage::new("faults").await else { return };
    stage.annotate("team", Some("a")).await;
    stage.wire.spoil_writes([Fault::LoseReply]);
    stage.counted_lock().acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, GET]);
}

#[tokio::test]
async fn all_attempts_of_a_call_carry_the_same_record() {
    let Some(stage) = Stage::new("faults").await else { return };
    stage.wire.spoil_writes([
        Fault::CutBefore,
        Fault::Answer(Reply::new(500, "InternalError")),
        Fault::CutBefore,
    ]);
    let acquired = stage.lock().acquire("app", acquire("alice")).await.unwrap();
    let sent = stage.wire.take_sent();
    let writes: Vec<_> = sent.iter().filter(|sent| sent.method == PATCH).collect();
    assert!(writes.len() >= 4, "{}", writes.len());
    let encoded = serde_json::to_string(&acquired.record().encode()).unwrap();
    for write in writes {
        let body = String::from_utf8_lossy(&write.body);
        assert!(body.contains(&encoded), "{body} without {encoded}");
    }
}

#[tokio::test]
async fn when_no_attempt_is_answered_the_outcome_is_unknown_until_it_no_longer_matters() {
    let Some(stage) = Stage::new("faults").await else { return };
    for retries in CLIENTS {
        let busy = Fault::Answer(Reply::new(503, "ServiceUnavailable"));
        let broken = Fault::Answer(Reply::new(500, "InternalError"));
        for fault in [Fault::Hang, Fault::CutBefore, broken, busy] {
            let lock = retries.lock(&stage);
            let before = Timestamp::from(std::time::SystemTime::now());
            stage.wire.spoil_writes(vec![fault.clone(); 1000]);
            let error = lock.acquire("app", hasty("alice")).await.unwrap_err();
            assert!(error.is_outcome_unknown(), "{fault:?} {retries:?}: {error}");
            let kubelock::Error::OutcomeUnknown { settled_at, .. } = error else { unreachable!() };
            let ttl = kubelock::Ttl::DEFAULT.duration();
            assert!(
                settled_at.saturating_since(before) >= ttl + Duration::from_secs(61),
                "{settled_at}"
            );
            stage.wire.spoil_writes([]);
        }
    }
}

#[tokio::test]
async fn a_write_that_arrives_after_its_caller_gave_up_was_called_unknown() {
    let Some(stage) = Stage::new("faults").await else { return };
    stage.wire.spoil_writes(vec![Fault::ArriveLate(Duration::from_secs(10)); 1000]);
    let error = stage.lock().acquire("app", hasty("alice")).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(stage.value().await, None);
    until(async || stage.value().await.is_some()).await;
    assert_eq!(stage.owner().await.as_deref(), Some("alice"));
}

#[tokio::test]
async fn another_holder_settles_nothing_while_an_attempt_is_unanswered() {
    let Some(stage) = Stage::new("faults").await else { return };
    let others = stage.lock_with(stage.admin.clone());
    others.acquire("app", acquire("bob")).await.unwrap();
    stage.wire.spoil_writes([Fault::Hang]);
    let error = stage.lock().acquire("app", hasty("alice")).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");

    stage.wire.spoil_writes([]);
    let error = stage.lock().acquire("app", acquire("alice")).await.unwrap_err();
    assert!(error.is_owner_mismatch(), "{error}");
}

#[tokio::test]
async fn a_lock_that_falls_free_while_an_attempt_is_unanswered_is_taken() {
    let Some(stage) = Stage::new("faults").await else { return };
    let bobs = stage.lock_with(stage.admin.clone());
    let bobs = bobs.acquire("app", acquire("bob")).await.unwrap();
    stage.wire.spoil_writes([Fault::CutBefore]);
    let lock = stage.lock();
    let (acquired, released) = tokio::join!(lock.acquire("app", acquire("alice")), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        bobs.release().await
    });
    released.unwrap();
    assert_eq!(stage.value().await, Some(acquired.unwrap().record().encode()));
}

#[tokio::test]
async fn two_conflicts_are_a_refusal_in_the_servers_words_and_nothing_was_written() {
    let Some(stage) = Stage::new("faults").await else { return };
    for retries in CLIENTS {
        let lock = retries.lock(&stage);
        lock.get("app", GetOptions::default()).await.unwrap();
        stage.wire.spoil_writes(vec![Fault::Answer(Reply::new(409, "Conflict")); 2]);
        let error = lock.acquire("app", acquire("alice")).await.unwrap_err();
        assert!(error.is_refused() && error.to_string().contains("injected 409"), "{error}");
        assert_eq!(stage.value().await, None);
        lock.acquire("app", acquire("alice")).await.unwrap().release().await.unwrap();
    }
}

#[tokio::test]
async fn a_busy_server_is_left_alone_for_as_long_as_it_asks_and_no_call_waits_past_its_deadline() {
    let Some(stage) = Stage::new("faults").await else { return };
    let lock = stage.lock();
    lock.get("app", GetOptions::default()).await.unwrap();
    stage.wire.take_methods();

    stage.wire.spoil_writes([Fault::Answer(Reply::new(429, "TooManyRequests").retry_after(1))]);
    lock.acquire("app", acquire("alice")).await.unwrap().release().await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, GET, PATCH, PATCH]);

    stage.wire.spoil_writes([Fault::Answer(Reply::new(429, "TooManyRequests").retry_after(3600))]);
    let error = lock.acquire("app", acquire("alice")).await.unwrap_err();
    assert!(error.is_refused() && error.to_string().contains("429"), "{error}");
    assert_eq!(stage.wire.take_methods(), [PATCH, GET]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_nothing_was_written() {
    let Some(_stage) = Stage::new("faults").await else { return };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nowhere = kube::Config::new(format!("http://127.0.0.1:{port}").parse().unwrap());
    let client = kubelock::client_without_retries(nowhere).unwrap();
    let lock = kube_lock(client).lock("l").unwrap().namespace("default").unwrap();
    let acquired = lock.acquire("app", hasty("alice")).await.unwrap_err();
    assert!(acquired.is_unavailable() && acquired.to_string().contains("refused"), "{acquired}");
    assert!(lock.release("app", release("alice")).await.unwrap_err().is_unavailable());
    assert!(lock.get("app", GetOptions::default()).await.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn a_read_that_fails_is_repeated_and_an_acquire_never_called_failed_for_it() {
    let Some(stage) = Stage::new("faults").await else { return };
    stage.wire.spoil_writes([Fault::LoseReply]);
    stage.wire.spoil_reads([
        Fault::CutBefore,
        Fault::Hang,
        Fault::Answer(Reply::new(500, "InternalError")),
    ]);
    stage.lock().acquire("app", acquire("alice")).await.unwrap();
}

#[tokio::test]
async fn a_release_with_the_record_at_hand_never_frees_another_holder() {
    let Some(stage) = Stage::new("faults").await else { return };
    let lock = stage.lock();
    let stale = lock.acquire("app", acquire("alice")).await.unwrap();
    lock.release("app", release("alice")).await.unwrap();
    assert!(stale.release().await.unwrap_err().is_not_found());
    // The same owner, yet another record.
    let live = lock.acquire("app", acquire("alice")).await.unwrap();
    assert!(stale.release().await.unwrap_err().is_owner_mismatch());
    assert_eq!(stage.value().await, Some(live.record().encode()));
}

#[tokio::test]
async fn a_copy_of_the_record_on_a_new_object_of_the_same_name_is_not_ours() {
    let Some(stage) = Stage::new("faults").await else { return };
    let acquired = stage.lock().acquire("app", acquire("alice")).await.unwrap();
    stage.configmaps().delete("app", &kube::api::DeleteParams::default()).await.unwrap();
    let copy = acquired.record().encode();
    stage.create_configmap("app", Some((crate::support::KEY, &copy))).await;
    assert!(acquired.release().await.unwrap_err().is_owner_mismatch());
    assert_eq!(stage.value().await, Some(copy));
}

#[tokio::test]
async fn a_write_that_could_not_be_sent_proves_nothing_of_a_client_that_repeats_requests() {
    let Some(stage) = Stage::new("faults").await else { return };
    stage.annotate("team", Some("a")).await;
    let gone = || {
        let mut faults = vec![Fault::AnswerAfter(Reply::new(503, "ServiceUnavailable"))];
        faults.resize(1000, Fault::Refuse);
        faults
    };
    stage.wire.spoil_writes(gone());
    stage.wire.spoil_reads(vec![Fault::Refuse; 1000]);
    let error = Retries::On.lock(&stage).acquire("app", hasty("alice")).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(stage.owner().await.as_deref(), Some("alice"));
}

#[tokio::test]
async fn a_write_that_could_not_be_sent_by_a_client_that_sends_once_was_not_made() {
    let Some(stage) = Stage::new("faults").await else { return };
    stage.wire.spoil_writes(vec![Fault::Refuse; 1000]);
    let error = stage.lock().acquire("app", acquire("alice")).await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    stage.wire.spoil_writes([Fault::Refuse]);
    stage.lock().acquire("app", acquire("alice")).await.unwrap();
}

#[tokio::test]
async fn a_client_that_waits_for_an_hour_before_it_repeats_does_not_keep_the_call() {
    let Some(stage) = Stage::new("faults").await else { return };
    let busy = Fault::Answer(Reply::new(429, "TooManyRequests").retry_after(3600));
    stage.wire.spoil_writes([busy]);
    Retries::On.lock(&stage).acquire("app", acquire("alice")).await.unwrap();
}

#[tokio::test]
async fn a_late_copy_of_an_acquire_stands_for_its_ttl_after_the_release_and_gives_nobody_the_lock()
{
    let Some(stage) = Stage::new("faults").await else { return };
    stage.annotate("team", Some("a")).await;
    let lock = stage.counted_lock();
    lock.get("app", GetOptions::default()).await.unwrap();
    stage.wire.spoil_writes([Fault::ArriveLate(Duration::from_secs(1))]);
    let acquired = lock.acquire("app", acquire("alice")).await.unwrap();
    acquired.release().await.unwrap();
    until(async || stage.value().await.is_some()).await;
    assert_eq!(stage.value().await, Some(acquired.record().encode()));
    assert!(lock.acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch());
    lock.release("app", release("alice")).await.unwrap();
}

#[tokio::test]
async fn a_late_copy_of_a_release_never_frees_the_next_holder() {
    let Some(stage) = Stage::new("faults").await else { return };
    let lock = stage.lock();
    let acquired = lock.acquire("app", acquire("alice")).await.unwrap();
    stage.wire.spoil_writes([Fault::ArriveLate(Duration::from_secs(1))]);
    acquired.release().await.unwrap();
    let next = lock.acquire("app", acquire("alice")).await.unwrap();
    stage.wire.take_sent();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stage.value().await, Some(next.record().encode()));
}

/// Polls until `done`, which some event on its way will bring about.
async fn until(done: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not happen within thirty seconds");
}
