//! The wire does to requests and watches what it says.

use std::time::Duration;

use http::Request;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use testkit::scripted::ScriptedServer;
use testkit::wire::{Fault, Reply, Wire};
use tokio::time::{Instant, timeout};

use crate::talk::{Heard, Watch, get, patch};

const CONFIGMAPS: &str = "/api/v1/namespaces/default/configmaps";
const APP: &str = "/api/v1/namespaces/default/configmaps/app";
const MINUTE: Duration = Duration::from_mins(1);

struct Stage {
    server: ScriptedServer,
    wire: Wire,
    client: Client,
}

impl Stage {
    fn new() -> Self {
        let server = ScriptedServer::new();
        server.put_object(APP, json!({}));
        let wire = Wire::new(server.client());
        let client = wire.client();
        Self { server, wire, client }
    }

    async fn watch(&self) -> Watch {
        let query = format!("resourceVersion={}", self.server.version());
        Watch::open(&self.client, CONFIGMAPS, &query).await
    }

    /// Why there is no answer; `None` where none comes within a minute.
    async fn try_get(&self) -> Option<kube::Result<u16>> {
        let request = Request::get(APP).body(Body::empty()).unwrap();
        let answer = timeout(MINUTE, self.client.send(request)).await.ok()?;
        Some(answer.map(|answer| answer.status().as_u16()))
    }

    fn write(&self) {
        self.server.annotate(APP, "v", Some(&self.server.version().to_string()));
    }
}

/// Every error on the way to the last cause.
fn causes(error: &kube::Error) -> String {
    let first: &dyn std::error::Error = error;
    let all = std::iter::successors(Some(first), |error| error.source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[tokio::test(start_paused = true)]
async fn watches_are_told_from_reads_in_the_log_and_in_what_spoils_them() {
    let stage = Stage::new();
    stage.wire.spoil_reads([Fault::Answer(Reply::new(500, "InternalError"))]);
    stage.wire.spoil_watches([Fault::Answer(Reply::new(403, "Forbidden"))]);
    assert_eq!(stage.watch().await.code, 403);
    assert_eq!(get(&stage.client, APP).await.code, 500);
    assert_eq!(stage.watch().await.code, 200);
    assert_eq!(get(&stage.client, APP).await.code, 200);
    patch(&stage.client, APP, &json!([])).await;
    let sent = stage.wire.take_sent();
    let watches: Vec<bool> = sent.iter().map(testkit::wire::Sent::is_watch).collect();
    assert_eq!(watches, [true, false, true, false, false]);
    let statuses: Vec<_> = sent.iter().map(|sent| sent.status.map(|s| s.as_u16())).collect();
    assert_eq!(statuses, [None, None, Some(200), Some(200), Some(200)]);

    stage.watch().await;
    get(&stage.client, APP).await;
    assert_eq!(stage.wire.take_methods(), ["WATCH", "GET"]);
}

#[tokio::test(start_paused = true)]
async fn a_spoilt_watch_ends_or_breaks_after_its_time_or_never_speaks() {
    let stage = Stage::new();
    for (fault, end) in [
        (Fault::EndAfter(MINUTE), Heard::End),
        (Fault::CutAfter(MINUTE), Heard::Broken),
        (Fault::Silent, Heard::Nothing),
    ] {
        stage.wire.spoil_watches([fault.clone()]);
        let mut watch = stage.watch().await;
        let opened = Instant::now();
        stage.write();
        if !matches!(fault, Fault::Silent) {
            assert_eq!(watch.hear().await.words(), "MODIFIED app");
        }
        assert_eq!(watch.hear_for(10 * MINUTE).await, end, "{fault:?}");
        let expected = if end == Heard::Nothing { 10 * MINUTE } else { MINUTE };
        assert_eq!(opened.elapsed(), expected, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_a_spoilt_watch_leaves_the_server_too() {
    let stage = Stage::new();
    stage.wire.spoil_watches([Fault::Silent]);
    let watch = stage.watch().await;
    assert_eq!(stage.server.watch_count(), 1);
    drop(watch);
    assert_eq!(stage.server.watch_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cut_breaks_all_that_is_on_its_way_and_nothing_later() {
    let stage = Stage::new();
    stage.server.set_latency(MINUTE / 2);
    let mut watch = stage.watch().await;
    let began = Instant::now();
    let (read, heard, ()) = tokio::join!(stage.try_get(), watch.hear(), async {
        tokio::time::sleep(MINUTE / 4).await;
        stage.wire.cut_now();
    });
    assert!(causes(&read.unwrap().unwrap_err()).contains("reset"));
    assert_eq!((heard, began.elapsed()), (Heard::Broken, MINUTE / 4));
    assert_eq!(get(&stage.client, APP).await.code, 200);
    assert_eq!(stage.watch().await.hear_for(MINUTE).await, Heard::Nothing);
}

#[tokio::test(start_paused = true)]
async fn while_the_wire_is_down_requests_are_refused_and_never_sent() {
    let stage = Stage::new();
    let mut watch = stage.watch().await;
    stage.wire.down(true);
    stage.wire.spoil_reads([Fault::Answer(Reply::new(500, "InternalError"))]);
    let error = stage.try_get().await.unwrap().unwrap_err();
    assert!(causes(&error).ends_with("connection refused"), "{}", causes(&error));
    stage.write();
    assert_eq!(watch.hear().await.words(), "MODIFIED app");

    stage.wire.down(false);
    assert_eq!(get(&stage.client, APP).await.code, 500);
    assert_eq!(get(&stage.client, APP).await.code, 200);
}

#[tokio::test(start_paused = true)]
async fn through_a_black_hole_nothing_passes_until_it_is_none() {
    let stage = Stage::new();
    let mut watch = stage.watch().await;
    stage.wire.blackhole(true);
    assert!(stage.try_get().await.is_none());
    stage.write();
    assert_eq!(watch.hear_for(MINUTE).await, Heard::Nothing);
    stage.wire.blackhole(false);
    assert_eq!(watch.hear().await.words(), "MODIFIED app");
    assert!(stage.try_get().await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_cut_ends_the_waiting_for_a_black_hole() {
    let stage = Stage::new();
    let mut watch = stage.watch().await;
    stage.wire.blackhole(true);
    let (read, ()) = tokio::join!(stage.try_get(), async {
        tokio::task::yield_now().await;
        tokio::time::sleep(MINUTE / 2).await;
        stage.wire.cut_now();
    });
    assert!(read.unwrap().is_err());
    assert_eq!(watch.hear().await, Heard::Broken);
}

#[tokio::test(start_paused = true)]
async fn an_answer_on_its_way_into_a_black_hole_comes_out_of_it_later() {
    let stage = Stage::new();
    stage.server.set_latency(MINUTE / 4);
    let began = Instant::now();
    let (read, ()) = tokio::join!(stage.try_get(), async {
        tokio::time::sleep(MINUTE / 8).await;
        stage.wire.blackhole(true);
        tokio::time::sleep(MINUTE / 2).await;
        stage.wire.blackhole(false);
    });
    assert!(read.unwrap().is_ok());
    assert_eq!(began.elapsed(), MINUTE / 8 + MINUTE / 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_arrives_late_does_so_by_tokios_clock() {
    let stage = Stage::new();
    stage.wire.spoil_writes([Fault::ArriveLate(MINUTE)]);
    let body = json!({ "metadata": { "annotations": { "late": "1" } } });
    let request = Request::patch(APP).header("content-type", "application/merge-patch+json");
    let request = request.body(Body::from(body.to_string().into_bytes())).unwrap();
    assert!(stage.client.send(request).await.is_err());
    tokio::time::sleep(Duration::from_millis(59_999)).await;
    assert_eq!(stage.server.object(APP).unwrap()["metadata"]["annotations"], Value::Null);
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(stage.server.annotation(APP, "late").as_deref(), Some("1"));
}
