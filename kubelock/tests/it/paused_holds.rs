//! Holds on paused time: renewed, lost, given back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use http::Response;
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use kubelock::{Guard, HoldOptions, Lock, Loss, Record, Takeover};
use serde_json::{Value, json};
use testkit::wire::{Fault, Reply, Wire};
use tokio::time::{Instant, sleep, timeout};

use crate::machine::Machine;
use crate::paused::{
    APP, MILLI, NONE, PausedStage, SECOND, TTL, hold, poll_once, settled, waiting, watch_verb,
    within,
};
use crate::support::{GET, KEY, PATCH, expired, kube_lock};

/// The default ttl less its margin.
const VALIDITY: Duration = Duration::from_secs(27);
/// So often deadlines are looked at, even if no timer says so.
const TICK: Duration = Duration::from_millis(500);

#[tokio::test(start_paused = true)]
async fn a_hold_is_renewed_at_a_third_of_its_ttl_or_up_to_a_tenth_of_that_sooner() {
    let stage = PausedStage::new();
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    let mut renewed_at = Instant::now();
    for _ in 0..30 {
        stage.wire.take_methods();
        sleep(TTL / 3 * 9 / 10 - 10 * MILLI - renewed_at.elapsed()).await;
        assert_eq!(stage.wire.take_methods(), NONE);
        assert_eq!(stage.sent(&PATCH).await, [PATCH]);
        let span = renewed_at.elapsed();
        assert!(span >= TTL / 3 * 9 / 10 && span <= TTL / 3 + 3 * MILLI, "{span:?}");
        renewed_at = Instant::now();
    }
    assert_eq!(stage.value(), Some(guard.record().encode()));
    assert!(guard.is_valid());
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_valid_for_its_ttl_less_the_margin_from_before_its_record_was_sent() {
    let stage = PausedStage::new();
    stage.server.set_latency(SECOND);
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    assert_eq!(guard.valid_for(), VALIDITY - SECOND);
    sleep(5 * SECOND).await;
    assert_eq!(guard.valid_for(), VALIDITY - 6 * SECOND);
    // The renewal began ten seconds after the record was stamped, at the latest.
    sleep(5 * SECOND + 2 * MILLI).await;
    assert!(guard.valid_for() >= VALIDITY - 3 * SECOND, "{:?}", guard.valid_for());
    assert!(guard.valid_for() <= VALIDITY - SECOND, "{:?}", guard.valid_for());
}

#[tokio::test(start_paused = true)]
async fn a_hold_whose_server_answers_no_more_is_lost_at_its_deadline_and_never_revives() {
    let stage = PausedStage::new();
    let began = Instant::now();
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    let token = guard.cancellation_token();
    stage.wire.blackhole(true);

    assert_eq!(timeout(VALIDITY - MILLI, guard.lost()).await.ok(), None);
    assert!(guard.is_valid() && !token.is_cancelled());
    assert_eq!(within(2 * MILLI, guard.lost()).await, Loss::Deadline);
    assert!(token.is_cancelled() && !guard.is_valid());
    assert!(began.elapsed() <= VALIDITY + MILLI, "{:?}", began.elapsed());

    // Its record stands yet, and nobody has the lock; still it is lost.
    stage.wire.blackhole(false);
    stage.wire.take_methods();
    for _ in 0..60 {
        sleep(SECOND).await;
        assert!(stage.shows(&guard) && !guard.is_valid());
    }
    assert_eq!(stage.wire.take_methods(), NONE);
}

#[tokio::test(start_paused = true)]
async fn whoever_was_given_the_cancellation_token_learns_of_a_loss_without_the_guard() {
    let stage = PausedStage::new();
    let began = Instant::now();
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    stage.wire.down(true);
    guard.cancellation_token().cancelled().await;
    assert!((VALIDITY..=VALIDITY + 2 * MILLI).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_after_the_deadline_revives_nothing() {
    let stage = PausedStage::new();
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    let first = stage.value();
    sleep(8 * SECOND).await;
    // Every renewal arrives, and no answer does.
    stage.wire.spoil_writes(vec![Fault::HangAfter; 50]);
    stage.wire.spoil_reads(vec![Fault::HangAfter; 50]);
    assert_eq!(guard.lost().await, Loss::Deadline);
    assert_ne!(stage.value(), first, "a renewal was applied");
    stage.wire.spoil_writes([]);
    stage.wire.spoil_reads([]);
    sleep(60 * SECOND).await;
    assert!(!guard.is_valid());
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_is_shorter_than_the_deadline_keeps_the_hold() {
    for away in [Wire::down, Wire::blackhole] {
        let stage = PausedStage::new();
        let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
        sleep(8 * SECOND).await;
        away(&stage.wire, true);
        sleep(12 * SECOND).await;
        away(&stage.wire, false);
        assert!(guard.is_valid() && guard.valid_for() <= VALIDITY - 20 * SECOND);
        // A renewal takes a sixth of the ttl at most, and is followed by another one within a
        // second; what it sends counts from when it began.
        sleep(6 * SECOND).await;
        assert!(guard.valid_for() >= VALIDITY - 11 * SECOND, "{:?}", guard.valid_for());
        assert_eq!(stage.value(), Some(guard.record().encode()));
    }
}

/// What somebody outside of the protocol does, and what it is to the holder.
type Harm = (fn(&PausedStage), fn(&Loss) -> bool);

const HARMS: [Harm; 6] = [
    (|stage| stage.overwrite(None), |loss| *loss == Loss::Removed),
    (
        |stage| stage.overwrite(Some(&expired("bob"))),
        |loss| matches!(loss, Loss::Replaced(record) if record.owner == "bob"),
    ),
    (|stage| stage.overwrite(Some("free")), |loss| matches!(loss, Loss::Malformed(_))),
    (|stage| stage.server.delete(APP), |loss| *loss == Loss::ObjectMissing),
    (|stage| recreate(stage, stage.value().as_deref()), |loss| *loss == Loss::ObjectReplaced),
    (|stage| recreate(stage, None), |loss| *loss == Loss::ObjectReplaced),
];

fn recreate(stage: &PausedStage, value: Option<&str>) {
    stage.server.delete(APP);
    stage.server.put_object(APP, json!({}));
    stage.overwrite(value);
}

#[tokio::test(start_paused = true)]
async fn a_holder_learns_of_harm_to_its_record_at_its_next_renewal() {
    for (index, (harm, is_told)) in HARMS.into_iter().enumerate() {
        let stage = PausedStage::new();
        let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
        sleep(SECOND).await;
        harm(&stage);
        let left_alone = stage.value();
        assert!(timeout(7 * SECOND, guard.lost()).await.is_err(), "{index}");
        let loss = within(2 * SECOND + 2 * MILLI, guard.lost()).await;
        assert!(is_told(&loss), "{index}: {loss}");
        assert!(!guard.is_valid() && guard.cancellation_token().is_cancelled());
        let error = guard.release().await.unwrap_err();
        assert!(error.is_lost(), "{error}");
        assert_eq!(stage.value(), left_alone);
    }
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_watches_learns_of_harm_to_its_record_at_once() {
    for (index, (harm, is_told)) in HARMS.into_iter().enumerate() {
        let stage = PausedStage::new();
        let options = HoldOptions { watch: true, ..hold("alice") };
        let guard = stage.lock().hold("app", options).await.unwrap();
        sleep(SECOND).await;
        harm(&stage);
        let loss = within(MILLI, guard.lost()).await;
        assert!(is_told(&loss), "{index}: {loss}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_watches_costs_one_watch_more() {
    let stage = PausedStage::new();
    let options = HoldOptions { watch: true, ..hold("alice") };
    let guard = stage.lock().hold("app", options).await.unwrap();
    sleep(7 * SECOND).await;
    assert_eq!(stage.wire.take_methods(), [PATCH, watch_verb()]);
    sleep(240 * SECOND).await;
    let methods = stage.wire.take_methods();
    assert!(methods.iter().all(|method| *method == PATCH), "{methods:?}");
    assert!(guard.is_valid());
    guard.release().await.unwrap();
    settled().await;
    assert_eq!(stage.server.watch_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_may_not_watch_reads_every_few_seconds_and_learns_of_harm_so() {
    let stage = PausedStage::new();
    stage.wire.spoil_watches([Fault::Answer(Reply::new(403, "Forbidden"))]);
    let options = HoldOptions { watch: true, ttl: 300 * SECOND, ..hold("alice") };
    let guard = stage.lock().hold("app", options).await.unwrap();
    sleep(60 * SECOND).await;
    let reads = stage.wire.take_methods().iter().filter(|method| **method == GET).count();
    assert!((15..=32).contains(&reads), "{reads}");
    stage.overwrite(None);
    assert_eq!(within(4 * SECOND, guard.lost()).await, Loss::Removed);
}

#[tokio::test(start_paused = true)]
async fn a_holder_whose_watch_went_silent_learns_of_harm_by_its_slow_poll() {
    let stage = PausedStage::new();
    let options = HoldOptions { watch: true, ttl: 600 * SECOND, ..hold("alice") };
    let guard = stage.lock().hold("app", options).await.unwrap();
    settled().await;
    stage.server.silence_watches();
    sleep(100 * SECOND).await;
    let methods = stage.wire.take_methods();
    assert!(methods.len() <= 5, "{methods:?}");
    stage.overwrite(None);
    assert_eq!(within(81 * SECOND, guard.lost()).await, Loss::Removed);
}

/// A client whose server has a webhook that spells owners in its own way, while it is told to.
fn altering(stage: &PausedStage, alters: &Arc<AtomicBool>) -> Client {
    let (wire, server, alters) = (stage.wire.client(), stage.server.clone(), alters.clone());
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (wire, server, alters) = (wire.clone(), server.clone(), alters.clone());
        async move {
            let is_patch = request.method() == PATCH;
            let answer = wire.send(request).await.map_err(tower::BoxError::from)?;
            let (parts, body) = answer.into_parts();
            let mut bytes = body.collect().await?.to_bytes().to_vec();
            if is_patch && parts.status.is_success() && alters.load(Relaxed) {
                let altered = server.annotation(APP, KEY).unwrap().replace("alice", "ALICE");
                server.annotate(APP, KEY, Some(&altered));
                let mut object: Value = serde_json::from_slice(&bytes)?;
                object["metadata"]["annotations"][KEY] = json!(altered);
                bytes = object.to_string().into_bytes();
            }
            Ok::<_, tower::BoxError>(Response::from_parts(parts, Body::from(bytes)))
        }
    });
    Client::new(service, "default")
}

fn lock_over(stage: &PausedStage, client: Client) -> Lock {
    let clock = Arc::new(stage.clock(Duration::ZERO));
    PausedStage::lock_of(&kube_lock(client).with_clock(clock))
}

#[tokio::test(start_paused = true)]
async fn a_record_that_the_server_alters_is_no_hold() {
    let stage = PausedStage::new();
    let lock = lock_over(&stage, altering(&stage, &Arc::new(AtomicBool::new(true))));
    let error = lock.hold("app", hold("alice")).await.unwrap_err();
    assert!(error.is_altered(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_hold_whose_renewal_the_server_alters_is_lost() {
    let stage = PausedStage::new();
    let alters = Arc::default();
    let lock = lock_over(&stage, altering(&stage, &alters));
    let guard = lock.hold("app", hold("alice")).await.unwrap();
    alters.store(true, Relaxed);
    assert_eq!(within(TTL, guard.lost()).await, Loss::Altered);
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_lost_at_once_when_the_runtime_drops_what_renews_it() {
    for is_renewing in [false, true] {
        let stage = PausedStage::new();
        let machine = Machine::new(&stage.server);
        let guard = stage.lock_on(&machine).hold("app", hold("alice")).await.unwrap();
        stage.wire.blackhole(true);
        sleep(if is_renewing { 11 * SECOND } else { 5 * SECOND }).await;
        assert_eq!(machine.task_count(), if is_renewing { 2 } else { 1 });
        machine.kill_tasks();
        within(MILLI, guard.cancellation_token().cancelled()).await;
        assert_eq!(guard.lost().await, Loss::RenewerEnded);
        assert!(!guard.is_valid());
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_lost_at_once_when_what_renews_it_panics_wherever_it_does() {
    let mut losses = 0;
    for readings in 0..40 {
        let stage = PausedStage::new();
        let machine = Machine::new(&stage.server);
        let guard = stage.lock_on(&machine).hold("app", hold("alice")).await.unwrap();
        // Between two ticks, shortly before the renewal.
        sleep(8 * SECOND + 800 * MILLI).await;
        machine.light_fuse(readings);
        while !machine.has_blown() {
            sleep(MILLI).await;
        }
        within(2 * MILLI, guard.cancellation_token().cancelled()).await;
        assert_eq!(guard.lost().await, Loss::RenewerEnded, "{readings}");
        losses += 1;
    }
    assert_eq!(losses, 40);
}

#[tokio::test(start_paused = true)]
async fn after_a_panic_new_holds_are_renewed_again() {
    let stage = PausedStage::new();
    let machine = Machine::new(&stage.server);
    let lock = stage.lock_on(&machine);
    let lost = lock.hold("app", hold("alice")).await.unwrap();
    machine.light_fuse(0);
    within(SECOND, lost.cancellation_token().cancelled()).await;
    assert_eq!(lost.lost().await, Loss::RenewerEnded);
    stage.overwrite(None);
    let guard = lock.hold("app", hold("bob")).await.unwrap();
    sleep(5 * TTL).await;
    assert!(guard.is_valid());
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_was_suspended_past_the_deadline_has_lost_the_hold_when_it_wakes() {
    let stage = PausedStage::new();
    let machine = Machine::new(&stage.server);
    let guard = stage.lock_on(&machine).hold("app", hold("alice")).await.unwrap();
    sleep(SECOND).await;
    machine.suspend(VALIDITY - SECOND);
    assert_eq!(guard.valid_for(), Duration::ZERO, "at once, if it is used");

    let stage = PausedStage::new();
    let machine = Machine::new(&stage.server);
    let guard = stage.lock_on(&machine).hold("app", hold("alice")).await.unwrap();
    sleep(SECOND).await;
    machine.suspend(VALIDITY - SECOND);
    within(TICK + 2 * MILLI, guard.cancellation_token().cancelled()).await;
    assert_eq!(guard.lost().await, Loss::Deadline);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_was_suspended_for_less_renews_when_it_wakes() {
    let stage = PausedStage::new();
    let machine = Machine::new(&stage.server);
    let guard = stage.lock_on(&machine).hold("app", hold("alice")).await.unwrap();
    sleep(SECOND).await;
    machine.suspend(20 * SECOND);
    assert_eq!(guard.valid_for(), 6 * SECOND);
    sleep(TICK + 2 * MILLI).await;
    assert!(guard.valid_for() >= VALIDITY - TICK - 5 * MILLI, "{:?}", guard.valid_for());
}

#[tokio::test(start_paused = true)]
async fn a_hold_ends_before_its_release_is_sent() {
    let stage = PausedStage::new();
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    let token = guard.cancellation_token();
    stage.wire.take_methods();
    let mut release = Box::pin(guard.release());
    assert!(poll_once(release.as_mut()).await.is_none(), "it takes a request");
    assert!(token.is_cancelled());
    assert_eq!(stage.wire.take_methods(), NONE);
    release.await.unwrap();
    assert_eq!((stage.wire.take_methods(), stage.value()), (vec![PATCH], None));
}

#[tokio::test(start_paused = true)]
async fn a_release_waits_for_a_renewal_that_is_under_way() {
    let stage = PausedStage::new();
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    stage.wire.take_methods();
    stage.server.set_latency(SECOND);
    assert_eq!(stage.sent(&PATCH).await, [PATCH]);
    let (began, token) = (Instant::now(), guard.cancellation_token());
    let (released, ()) = tokio::join!(guard.release(), async {
        settled().await;
        assert!(token.is_cancelled(), "it is over for its holder");
        assert_eq!(stage.wire.take_methods(), NONE, "the renewal is not answered yet");
    });
    released.unwrap();
    assert!((2 * SECOND - 5 * MILLI..=2 * SECOND).contains(&began.elapsed()));
    assert_eq!((stage.wire.take_methods(), stage.value()), (vec![PATCH], None));
}

#[tokio::test(start_paused = true)]
async fn a_release_after_a_loss_is_an_error_at_once_and_sends_nothing() {
    let stage = PausedStage::new();
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    stage.wire.blackhole(true);
    guard.lost().await;
    stage.wire.blackhole(false);
    stage.wire.take_methods();
    let began = Instant::now();
    let error = guard.release().await.unwrap_err();
    assert!(error.is_lost(), "{error}");
    assert_eq!(began.elapsed(), Duration::ZERO);
    sleep(SECOND).await;
    assert_eq!(stage.wire.take_methods(), NONE);
}

/// A hold whose last renewal stands, which it does not know.
async fn hold_with_a_renewal_in_doubt(stage: &PausedStage) -> Guard {
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    let confirmed = stage.value();
    stage.wire.spoil_writes([Fault::LoseReply]);
    stage.wire.spoil_reads(vec![Fault::Hang; 4]);
    // It goes on for a sixth of the ttl.
    while stage.value() == confirmed {
        sleep(MILLI).await;
    }
    sleep(5 * SECOND).await;
    assert_eq!(Some(guard.record().encode()), confirmed);
    stage.wire.spoil_reads([]);
    guard
}

#[tokio::test(start_paused = true)]
async fn a_release_removes_what_stands_after_a_renewal_whose_answer_was_lost() {
    for fault in [Fault::None, Fault::CutBefore, Fault::LoseReply, Fault::Hang] {
        let stage = PausedStage::new();
        let guard = hold_with_a_renewal_in_doubt(&stage).await;
        stage.wire.spoil_writes([fault.clone()]);
        guard.release().await.unwrap();
        assert_eq!(stage.value(), None, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_whose_answer_was_lost_is_found_by_the_next_one_and_counts() {
    let stage = PausedStage::new();
    let guard = hold_with_a_renewal_in_doubt(&stage).await;
    sleep(SECOND).await;
    assert!(guard.valid_for() > VALIDITY - 2 * SECOND, "{:?}", guard.valid_for());
    assert_eq!(stage.value(), Some(guard.record().encode()));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_guard_releases_the_lock_in_the_background() {
    let stage = PausedStage::new();
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    stage.wire.take_methods();
    drop(guard);
    settled().await;
    assert_eq!((stage.wire.take_methods(), stage.value()), (vec![PATCH], None));
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_dropped_while_its_runtime_ends_leaves_the_record_to_its_ttl() {
    let stage = PausedStage::new();
    let machine = Machine::new(&stage.server);
    let guard = stage.lock_on(&machine).hold("app", hold("alice")).await.unwrap();
    let (released, ()) = tokio::join!(guard.release(), async { machine.kill_tasks() });
    let error = released.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(stage.owner().as_deref(), Some("alice"));
    let next = within(TTL + 2 * SECOND, stage.lock().hold("app", waiting("bob"))).await;
    assert!(next.unwrap().is_valid());
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_handed_out_once_a_write_of_it_was_answered_at_its_only_attempt() {
    let unanswered = [
        (vec![Fault::LoseReply], vec![PATCH, GET, PATCH]),
        (vec![Fault::AnswerAfter(Reply::new(500, "InternalError"))], vec![PATCH, GET, PATCH]),
        (vec![Fault::HangAfter], vec![PATCH, GET, PATCH]),
        (vec![Fault::CutBefore], vec![PATCH, GET, PATCH, PATCH]),
        (vec![Fault::LoseReply, Fault::LoseReply], vec![PATCH, GET, PATCH, GET, PATCH]),
    ];
    for (faults, methods) in unanswered {
        let stage = PausedStage::new();
        stage.wire.spoil_writes(faults.clone());
        let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
        assert_eq!(stage.wire.take_methods(), methods, "{faults:?}");
        assert_eq!(stage.value(), Some(guard.record().encode()));
        assert_eq!(guard.token().to_string(), stage.server.version().to_string());
        assert_eq!(guard.valid_for(), VALIDITY);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_whose_record_is_off_by_the_servers_clock_is_renewed_before_it_is_handed_out() {
    for ahead in [-600, 600] {
        let stage = PausedStage::new();
        let machine = Machine::with_clocks(&stage.server, ahead, 100);
        let guard = stage.lock_on(&machine).hold("app", hold("alice")).await.unwrap();
        assert_eq!(stage.wire.take_methods(), [PATCH, PATCH], "{ahead}");
        assert_eq!(guard.token().to_string(), stage.server.version().to_string());
        let (stamped, now) = (guard.record().created_at, stage.server.now().into());
        assert!(stamped >= now && stamped.saturating_since(now) <= 302 * SECOND, "{ahead}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_larger_than_that_of_every_hold_before() {
    let stage = PausedStage::new();
    let mut last = None;
    for round in 0..12 {
        if round % 3 == 1 {
            stage.wire.spoil_writes([Fault::LoseReply]);
        }
        let guard = stage.lock().hold("app", waiting("alice")).await.unwrap();
        assert!(last.is_none_or(|last| *guard.token() > last));
        last = Some(guard.token().clone());
        stage.server.annotate(APP, "team", Some(&round.to_string()));
        match round % 4 {
            0 => guard.release().await.unwrap(),
            1 => drop(guard),
            2 => stage.overwrite(None),
            // It dies.
            _ => std::mem::forget(guard),
        }
        if round % 4 == 3 {
            stage.overwrite(Some(&expired("alice")));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_holds_of_one_owner_exclude_each_other() {
    let stage = PausedStage::new();
    let lock = stage.lock();
    let first = lock.hold("app", hold("alice")).await.unwrap();
    let error = lock.hold("app", hold("alice")).await.unwrap_err();
    assert!(error.is_owner_mismatch(), "{error}");
    first.release().await.unwrap();
    assert!(lock.hold("app", hold("alice")).await.unwrap().is_valid());
}

#[tokio::test(start_paused = true)]
async fn options_that_do_not_fit_are_refused_before_anything_is_sent() {
    let stage = PausedStage::new();
    let unfit = [
        HoldOptions { ttl: 3 * SECOND - MILLI, ..hold("alice") },
        HoldOptions { margin: Some(SECOND), ..hold("alice") },
        HoldOptions { margin: Some(16 * SECOND), ..hold("alice") },
        HoldOptions { deadline: Some(5 * SECOND + MILLI), ..hold("alice") },
        HoldOptions { deadline: Some(Duration::ZERO), ..hold("alice") },
        HoldOptions { takeover: Takeover::Observed { stale_after: None }, ..hold("alice") },
        HoldOptions {
            takeover: Takeover::Observed { stale_after: Some(9 * SECOND) },
            ..waiting("alice")
        },
        HoldOptions { create_lease: true, ..hold("alice") },
        HoldOptions { reason: Some("x".repeat(1025)), ..hold("alice") },
    ];
    for options in unfit {
        let error = stage.lock().hold("app", options.clone()).await.unwrap_err();
        assert!(error.is_invalid_config(), "{options:?}: {error}");
    }
    assert_eq!(stage.wire.take_methods(), NONE);
    let least = HoldOptions { ttl: 3 * SECOND, reason: Some("x".repeat(1024)), ..hold("alice") };
    let guard = stage.lock().hold("app", least).await.unwrap();
    assert_eq!(Record::decode(&stage.value().unwrap()).unwrap(), guard.record());
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_holds_of_one_process_are_all_renewed_by_a_few_tasks() {
    const HOLDS: usize = 10_000;
    let stage = PausedStage::new();
    let machine = Machine::new(&stage.server);
    let lock = stage.lock_on(&machine);
    let mut guards = Vec::with_capacity(HOLDS);
    for index in 0..HOLDS {
        let object = format!("app-{index}");
        let path = APP.replace("app", &object);
        stage.server.put_object(&path, json!({ "metadata": { "annotations": { "team": "a" } } }));
        guards.push(lock.hold(&object, hold("alice")).await.unwrap());
    }
    assert_eq!(machine.task_count(), 1);
    stage.wire.take_sent();
    stage.server.set_latency(4 * MILLI);
    // They are renewed within a third of the ttl, all once.
    let mut most = 0;
    for _ in 0..100 {
        sleep(TTL / 300).await;
        most = most.max(machine.task_count());
    }
    sleep(SECOND).await;
    let renewals = stage.wire.take_sent().len();
    assert!((HOLDS..=HOLDS * 6 / 5).contains(&renewals), "{renewals}");
    assert!(guards.iter().all(|guard| guard.valid_for() > VALIDITY - 3 * SECOND));
    assert!(most <= 1_000, "{most}");
    // To give them all back would tell nothing more.
    guards.into_iter().for_each(std::mem::forget);
}

#[tokio::test(start_paused = true)]
async fn while_the_server_is_slow_no_more_renewals_are_under_way_than_there_are_turns() {
    const HOLDS: usize = 400;
    const TURNS: usize = 128;
    let stage = PausedStage::new();
    let locks = stage.kube_lock();
    let mut guards = Vec::with_capacity(HOLDS);
    for index in 0..HOLDS {
        let lock = locks.lock(&format!("l{index}")).unwrap().namespace("default").unwrap();
        guards.push(lock.hold("app", hold("alice")).await.unwrap());
    }
    stage.wire.take_sent();
    // Each takes more than a second, so all of them are due before the first is done.
    stage.server.set_latency(SECOND + 100 * MILLI);
    sleep(TTL / 3 + 50 * MILLI).await;
    assert_eq!(stage.wire.take_sent().len(), TURNS);
    sleep(4 * (SECOND + 100 * MILLI)).await;
    assert_eq!(stage.wire.take_sent().len(), HOLDS - TURNS, "the others had theirs then");
    assert!(guards.iter().all(|guard| guard.valid_for() > VALIDITY - TTL / 3));
    guards.into_iter().for_each(std::mem::forget);
}
