//! Guarded writes on paused time: with the hold or not at all, once or not at all.

use http::Request;
use json_patch::Patch;
use kube::Client;
use kube::client::Body;
use kube::core::GroupVersionResource;
use kubelock::{Config, Error, Guard, KubeLock, Lock};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testkit::scripted::StatusSubresource;
use testkit::wire::{Fault, Reply};
use tokio::time::{Instant, sleep};
use tower::service_fn;

use crate::paused::{APP, MILLI, NONE, PausedStage, SECOND, TTL, hold, settled, waiting};
use crate::support::{GET, KEY, PATCH, kube_lock};

const VALIDITY: Duration = Duration::from_secs(27);

fn patch(operations: Value) -> Patch {
    serde_json::from_value(operations).unwrap()
}

/// Of the lists in a config map, one that takes the same twice.
const LOG: &str = "/metadata/finalizers";

/// Applied twice, it would show.
fn append() -> Patch {
    patch(json!([{ "op": "add", "path": format!("{LOG}/-"), "value": "example.org/once" }]))
}

fn wrong() -> Patch {
    patch(json!([{ "op": "test", "path": "/data/a", "value": "other" }]))
}

fn stage() -> PausedStage {
    let stage = PausedStage::new();
    stage.server.put_object(
        APP,
        json!({
            "metadata": { "annotations": { "team": "a" }, "finalizers": ["example.org/log"] },
            "data": { "a": "0" },
        }),
    );
    stage
}

fn appended(stage: &PausedStage) -> usize {
    let object = stage.server.object(APP).unwrap();
    object.pointer(LOG).and_then(Value::as_array).unwrap().len() - 1
}

async fn held(stage: &PausedStage) -> Guard {
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    stage.wire.take_methods();
    guard
}

#[tokio::test(start_paused = true)]
async fn a_guarded_write_is_one_request_that_renews_as_well() {
    let stage = stage();
    let guard = held(&stage).await;
    let first = stage.value();
    sleep(5 * SECOND).await;
    let version = guard.patch(append(), None).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    assert_eq!(version, stage.server.version().to_string());
    assert_eq!((appended(&stage), guard.valid_for()), (1, VALIDITY));
    assert_ne!(stage.value(), first);
    assert_eq!(stage.value(), Some(guard.record().encode()));
    // The renewal that was due waits for its third of the ttl.
    sleep(9 * SECOND - 2 * MILLI).await;
    assert_eq!(stage.wire.take_methods(), NONE);
    sleep(SECOND + 4 * MILLI).await;
    assert_eq!(stage.wire.take_methods(), [PATCH]);
}

#[tokio::test(start_paused = true)]
async fn a_guarded_write_after_a_loss_is_refused_without_a_request() {
    let stage = stage();
    let guard = held(&stage).await;
    stage.wire.blackhole(true);
    guard.lost().await;
    stage.wire.blackhole(false);
    stage.wire.take_methods();
    let error = guard.patch(append(), None).await.unwrap_err();
    assert!(matches!(error, Error::Lost { unknown: false, .. }), "{error}");
    assert_eq!((stage.wire.take_methods(), appended(&stage)), (NONE.to_vec(), 0));
}

#[tokio::test(start_paused = true)]
async fn a_guarded_write_that_finds_the_lock_lost_writes_nothing_and_says_so() {
    type Harm = fn(&PausedStage);
    let harms: [Harm; 3] = [
        |stage| stage.overwrite(None),
        |stage| stage.overwrite(Some(&crate::support::expired("bob"))),
        |stage| {
            let value = stage.value();
            let object = stage.server.object(APP).unwrap();
            stage.server.delete(APP);
            let metadata = json!({ "finalizers": object["metadata"]["finalizers"] });
            stage.server.put_object(APP, json!({ "metadata": metadata, "data": object["data"] }));
            stage.overwrite(value.as_deref());
        },
    ];
    for harm in harms {
        let stage = stage();
        let guard = held(&stage).await;
        harm(&stage);
        let error = guard.patch(append(), None).await.unwrap_err();
        assert!(matches!(error, Error::Lost { unknown: false, .. }), "{error}");
        assert_eq!(appended(&stage), 0);
        assert!(!guard.is_valid());
    }
}

#[tokio::test(start_paused = true)]
async fn a_guarded_write_without_an_answer_is_resolved_and_applied_once() {
    let faults = [
        (Fault::LoseReply, vec![PATCH, GET]),
        (Fault::AnswerAfter(Reply::new(500, "InternalError")), vec![PATCH, GET]),
        (Fault::AnswerAfter(Reply::new(422, "Invalid")), vec![PATCH, GET]),
        (Fault::CutBefore, vec![PATCH, GET, PATCH]),
        (Fault::ArriveLate(3 * SECOND), vec![PATCH, GET, PATCH]),
        (Fault::Refuse, vec![PATCH, PATCH]),
    ];
    for (fault, methods) in faults {
        let stage = stage();
        let guard = held(&stage).await;
        stage.wire.spoil_writes([fault.clone()]);
        guard.patch(append(), None).await.unwrap();
        assert_eq!((stage.wire.take_methods(), appended(&stage)), (methods, 1), "{fault:?}");
        sleep(2 * TTL).await;
        assert!(guard.is_valid() && appended(&stage) == 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn operations_that_do_not_apply_are_refused_in_the_servers_words_and_the_hold_goes_on() {
    let stage = stage();
    let guard = held(&stage).await;
    let before = stage.value();
    let error = guard.patch(wrong(), None).await.unwrap_err();
    assert!(error.is_refused(), "{error}");
    assert_eq!(stage.value(), before);
    assert!(guard.is_valid());
    sleep(2 * TTL).await;
    assert!(guard.is_valid());
}

#[tokio::test(start_paused = true)]
async fn writes_that_are_refused_again_and_again_keep_no_hold_from_being_renewed() {
    let stage = stage();
    stage.server.set_latency(50 * MILLI);
    let guard = Arc::new(held(&stage).await);
    let writers: Vec<_> = (0..3)
        .map(|_| {
            let guard = guard.clone();
            tokio::spawn(async move {
                while guard.patch(wrong(), None).await.is_err_and(|error| error.is_refused()) {}
            })
        })
        .collect();
    sleep(2 * TTL).await;
    assert!(guard.valid_for() > VALIDITY - TTL / 2, "{:?}", guard.valid_for());
    writers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn operations_on_locks_and_queues_are_refused_before_anything_is_sent() {
    let stage = stage();
    let guard = held(&stage).await;
    for path in [
        "",
        "/metadata",
        "/metadata/annotations",
        "/metadata/annotations/kubelock.giantswarm.io~1l",
        "/metadata/annotations/kubelock.giantswarm.io~1another",
        "/metadata/annotations/queue.kubelock.giantswarm.io~1l",
    ] {
        let operations = patch(json!([{ "op": "add", "path": path, "value": "x" }]));
        let error = guard.patch(operations, None).await.unwrap_err();
        assert!(error.is_invalid_config(), "{path}: {error}");
    }
    let moved =
        patch(json!([{ "op": "move", "from": "/metadata/annotations", "path": "/data/b" }]));
    assert!(guard.patch(moved, None).await.unwrap_err().is_invalid_config());
    assert_eq!(stage.wire.take_methods(), NONE);
    assert!(guard.is_valid());
}

#[tokio::test(start_paused = true)]
async fn a_guarded_write_waits_for_a_renewal_that_is_under_way() {
    let stage = stage();
    let guard = held(&stage).await;
    stage.server.set_latency(SECOND);
    assert_eq!(stage.sent(&PATCH).await, [PATCH]);
    let began = Instant::now();
    let (written, ()) = tokio::join!(guard.patch(append(), None), async {
        settled().await;
        assert_eq!(stage.wire.take_methods(), NONE);
    });
    written.unwrap();
    assert!(began.elapsed() >= 2 * SECOND - 5 * MILLI);
    assert_eq!((stage.wire.take_methods(), appended(&stage)), (vec![PATCH], 1));
}

#[tokio::test(start_paused = true)]
async fn guarded_writes_of_one_hold_are_all_applied_one_after_the_other() {
    let stage = stage();
    stage.server.set_latency(100 * MILLI);
    let guard = Arc::new(held(&stage).await);
    let writers: Vec<_> = (0..20)
        .map(|_| {
            let guard = guard.clone();
            tokio::spawn(async move { guard.patch(append(), None).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!((stage.wire.take_methods().len(), appended(&stage)), (20, 20));
}

/// A lock on an object of another kind, with a status.
fn lock_on(stage: &PausedStage, gvr: &GroupVersionResource, does: StatusSubresource) -> Lock {
    stage.server.set_status_subresource(&gvr.resource, does);
    let object = json!({ "metadata": { "annotations": { "team": "a" } }, "status": { "log": [] } });
    stage.server.put_object(&path(gvr), object);
    let kube_lock = KubeLock::new(Config { client: stage.wire.client(), gvr: gvr.clone() });
    let kube_lock = kube_lock.unwrap().with_client_that_sends_once();
    PausedStage::lock_of(&kube_lock.with_clock(Arc::new(stage.clock(Duration::ZERO))))
}

fn path(gvr: &GroupVersionResource) -> String {
    let GroupVersionResource { group, version, resource, .. } = gvr;
    format!("/apis/{group}/{version}/namespaces/default/{resource}/app")
}

fn deployments() -> GroupVersionResource {
    GroupVersionResource::gvr("apps", "v1", "deployments")
}

fn widgets() -> GroupVersionResource {
    GroupVersionResource::gvr("example.com", "v1", "widgets")
}

fn append_status() -> Patch {
    patch(json!([{ "op": "add", "path": "/status/log/-", "value": "once" }]))
}

fn appended_status(stage: &PausedStage, gvr: &GroupVersionResource) -> usize {
    stage.server.object(&path(gvr)).unwrap()["status"]["log"].as_array().unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_guarded_write_to_the_status_of_a_built_in_kind_renews_as_well() {
    let stage = PausedStage::new();
    let lock = lock_on(&stage, &deployments(), StatusSubresource::WithMetadata);
    let guard = lock.hold("app", hold("alice")).await.unwrap();
    stage.wire.take_methods();
    sleep(5 * SECOND).await;
    guard.patch(append_status(), Some("status")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH]);
    assert_eq!((appended_status(&stage, &deployments()), guard.valid_for()), (1, VALIDITY));
    let value = stage.server.annotation(&path(&deployments()), KEY);
    assert_eq!(value, Some(guard.record().encode()));

    // Seen to renew, it may be repeated.
    stage.wire.spoil_writes([Fault::CutBefore]);
    guard.patch(append_status(), Some("status")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, GET, PATCH]);
    assert_eq!(appended_status(&stage, &deployments()), 2);
}

#[tokio::test(start_paused = true)]
async fn a_guarded_write_to_the_status_of_a_custom_kind_leaves_the_record_and_is_guarded_by_it() {
    let stage = PausedStage::new();
    let lock = lock_on(&stage, &widgets(), StatusSubresource::StatusOnly);
    let guard = lock.hold("app", hold("alice")).await.unwrap();
    let value = || stage.server.annotation(&path(&widgets()), KEY);
    let before = value();
    sleep(5 * SECOND).await;
    let version = guard.patch(append_status(), Some("status")).await.unwrap();
    assert_eq!(version, stage.server.version().to_string());
    assert_eq!((value(), appended_status(&stage, &widgets())), (before, 1));
    assert_eq!(guard.valid_for(), VALIDITY - 5 * SECOND);

    stage.server.annotate(&path(&widgets()), KEY, None);
    let error = guard.patch(append_status(), Some("status")).await.unwrap_err();
    assert!(error.is_lost(), "{error}");
    assert_eq!(appended_status(&stage, &widgets()), 1);
}

#[tokio::test(start_paused = true)]
async fn a_status_that_is_written_all_the_time_keeps_no_hold_from_being_renewed() {
    let stage = PausedStage::new();
    let lock = lock_on(&stage, &widgets(), StatusSubresource::StatusOnly);
    let guard = lock.hold("app", hold("alice")).await.unwrap();
    for _ in 0..600 {
        sleep(100 * MILLI).await;
        guard.patch(append_status(), Some("status")).await.unwrap();
    }
    assert!(guard.valid_for() > VALIDITY - TTL / 2, "{:?}", guard.valid_for());
}

#[tokio::test(start_paused = true)]
async fn a_status_of_a_custom_kind_is_not_written_again_after_an_attempt_without_an_answer() {
    for (fault, at_once, later) in [
        (Fault::LoseReply, 1, 1),
        (Fault::HangAfter, 1, 1),
        (Fault::CutBefore, 0, 0),
        (Fault::ArriveLate(SECOND), 0, 1),
        // By then the record has been renewed.
        (Fault::ArriveLate(11 * SECOND), 0, 0),
    ] {
        let stage = PausedStage::new();
        let lock = lock_on(&stage, &widgets(), StatusSubresource::StatusOnly);
        let guard = lock.hold("app", hold("alice")).await.unwrap();
        stage.wire.take_methods();
        stage.wire.spoil_writes([fault.clone()]);
        let error = guard.patch(append_status(), Some("status")).await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{fault:?}: {error}");
        assert_eq!(stage.wire.take_methods(), [PATCH, GET], "{fault:?}");
        assert_eq!(appended_status(&stage, &widgets()), at_once, "{fault:?}");
        sleep(2 * TTL).await;
        assert_eq!(appended_status(&stage, &widgets()), later, "{fault:?}");
        assert!(guard.is_valid());
    }
}

#[tokio::test(start_paused = true)]
async fn a_guarded_write_that_arrives_after_anothers_record_is_never_applied() {
    for arrives_after in [SECOND, 5 * SECOND, 50 * SECOND] {
        let stage = PausedStage::new();
        let lock = lock_on(&stage, &widgets(), StatusSubresource::StatusOnly);
        let alice = lock.hold("app", hold("alice")).await.unwrap();
        stage.wire.spoil_writes([Fault::ArriveLate(arrives_after)]);
        assert!(
            alice.patch(append_status(), Some("status")).await.unwrap_err().is_outcome_unknown()
        );
        alice.release().await.unwrap();
        let bob = lock.hold("app", waiting("bob")).await.unwrap();
        sleep(arrives_after + SECOND).await;
        assert_eq!(appended_status(&stage, &widgets()), 0, "{arrives_after:?}");
        assert!(bob.is_valid());
    }
}

#[tokio::test(start_paused = true)]
async fn a_guarded_write_whose_hold_is_lost_meanwhile_tells_whether_it_may_have_been_applied() {
    let stage = stage();
    let guard = held(&stage).await;
    stage.wire.spoil_writes([Fault::HangAfter]);
    let (written, ()) = tokio::join!(guard.patch(append(), None), async {
        sleep(SECOND).await;
        stage.overwrite(None);
    });
    assert!(matches!(written, Err(Error::Lost { unknown: true, .. })), "{written:?}");
    assert_eq!(appended(&stage), 1);
}

/// The server behind a webhook that garbles each record in a write that does more than renew.
fn behind_a_webhook(stage: &PausedStage) -> Client {
    let client = stage.wire.client();
    let service = service_fn(move |request: Request<Body>| {
        let client = client.clone();
        async move {
            let (parts, body) = request.into_parts();
            let bytes = body.collect_bytes().await?;
            let body = Body::from(garbled(&bytes).unwrap_or_else(|| bytes.to_vec()));
            client.send(Request::from_parts(parts, body)).await
        }
    });
    Client::new(service, "default")
}

fn garbled(body: &[u8]) -> Option<Vec<u8>> {
    let mut operations: Vec<Value> = serde_json::from_slice(body).ok()?;
    let more = operations.iter().any(|it| it["path"].as_str().unwrap().starts_with(LOG));
    let record = operations.iter_mut().find(|it| it["op"] == "replace").filter(|_| more)?;
    record["value"] = json!("garbled");
    serde_json::to_vec(&operations).ok()
}

#[tokio::test(start_paused = true)]
async fn a_guarded_write_whose_record_a_webhook_garbles_does_not_claim_to_have_been_left_out() {
    let stage = stage();
    let lock = PausedStage::lock_of(
        &kube_lock(behind_a_webhook(&stage)).with_clock(Arc::new(stage.clock(Duration::ZERO))),
    );
    let guard = lock.hold("app", hold("alice")).await.unwrap();
    let written = guard.patch(append(), None).await;
    assert!(matches!(written, Err(Error::Lost { unknown: true, .. })), "{written:?}");
    assert_eq!(appended(&stage), 1);
}

#[tokio::test(start_paused = true)]
async fn whatever_befalls_a_guarded_write_it_is_applied_once_if_it_says_so_and_never_twice() {
    let replies = [403, 404, 409, 422, 429, 500, 503, 504].map(|code| Reply::new(code, "Some"));
    let plain = [
        Fault::LoseReply,
        Fault::CutBefore,
        Fault::Refuse,
        Fault::Hang,
        Fault::HangAfter,
        Fault::ArriveLate(2 * SECOND),
    ];
    let faults: Vec<Fault> = plain
        .into_iter()
        .chain(replies.iter().cloned().map(Fault::Answer))
        .chain(replies.iter().cloned().map(Fault::AnswerAfter))
        .collect();
    for first in &faults {
        for second in &faults {
            let stage = stage();
            let guard = held(&stage).await;
            stage.wire.spoil_writes([first.clone(), second.clone()]);
            let written = guard.patch(append(), None).await;
            let (times, about) = (appended(&stage), format!("{first:?} {second:?}: {written:?}"));
            match &written {
                Ok(_) => assert_eq!(times, 1, "{about}"),
                Err(error) if error.is_outcome_unknown() => {}
                Err(_) => assert_eq!(times, 0, "{about}"),
            }
            sleep(TTL).await;
            let later = appended(&stage);
            assert!(later <= 1 && later >= times, "{about}: {later}");
            if written.as_ref().is_err_and(|error| !error.is_outcome_unknown()) {
                assert_eq!(later, 0, "{about}");
            }
            assert!(guard.is_valid(), "{about}");
        }
    }
}
