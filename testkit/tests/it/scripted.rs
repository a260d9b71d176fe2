//! The scripted server keeps to what its tests rely on.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::scripted::{ScriptedServer, StatusSubresource, TooOld};
use tokio::time::{Instant, advance};

use crate::talk::{Heard, Watch, get, patch};

const CONFIGMAPS: &str = "/api/v1/namespaces/default/configmaps";
const APP: &str = "/api/v1/namespaces/default/configmaps/app";
const SECOND: Duration = Duration::from_secs(1);

fn server() -> ScriptedServer {
    let server = ScriptedServer::new();
    server.put_object(APP, json!({}));
    server
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_object_keeps_its_version_and_a_changed_one_has_the_next() {
    let server = server();
    let before = server.version();

    let no_change = patch(&server.client(), APP, &json!([])).await;
    assert_eq!(no_change.json["metadata"]["resourceVersion"], before.to_string());

    server.annotate(APP, "a", Some("1"));
    assert_eq!(server.version(), before + 1);
    server.annotate(APP, "a", Some("1"));
    assert_eq!(server.version(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn an_object_made_anew_at_its_path_is_another_one() {
    let server = server();
    let first = server.object(APP).unwrap();
    server.delete(APP);
    assert_eq!(get(&server.client(), APP).await.code, 404);
    let second = server.put_object(APP, json!({}));
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_being_deleted_says_so_and_can_be_tested_for_it() {
    let server = server();
    let not_deleted =
        json!([{ "op": "test", "path": "/metadata/deletionTimestamp", "value": null }]);
    assert_eq!(patch(&server.client(), APP, &not_deleted).await.code, 200);
    server.begin_deletion(APP);
    assert_eq!(patch(&server.client(), APP, &not_deleted).await.code, 422);
}

#[tokio::test(start_paused = true)]
async fn metadata_alone_is_sent_where_that_is_preferred() {
    let server = ScriptedServer::new();
    server.put_object(APP, json!({ "data": { "a": "1" } }));
    let request = http::Request::get(APP)
        .header("accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,*/*")
        .body(kube::client::Body::empty());
    let answer = server.client().send(request.unwrap()).await.unwrap();
    let json: Value =
        serde_json::from_slice(&answer.into_body().collect_bytes().await.unwrap()).unwrap();
    assert_eq!(json["kind"], "PartialObjectMetadata");
    assert_eq!(json["metadata"], server.object(APP).unwrap()["metadata"]);
    assert_eq!(json["data"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn the_servers_date_follows_tokios_clock_and_its_skew_cut_to_seconds() {
    let server = server();
    let date = async || {
        let answer = get(&server.client(), APP).await;
        answer.headers["date"].to_str().unwrap().to_owned()
    };
    assert_eq!(date().await, "Thu, 01 Jan 2026 00:00:00 GMT");
    advance(Duration::from_millis(1_999)).await;
    assert_eq!(date().await, "Thu, 01 Jan 2026 00:00:01 GMT");
    server.set_skew_millis(-2_000);
    assert_eq!(date().await, "Wed, 31 Dec 2025 23:59:59 GMT");
    server.set_skew_millis(0);
    server.set_clock(|| std::time::SystemTime::UNIX_EPOCH);
    assert_eq!(date().await, "Thu, 01 Jan 1970 00:00:00 GMT");
}

#[tokio::test(start_paused = true)]
async fn an_answer_takes_the_latency_and_is_decided_on_half_way() {
    let server = server();
    server.set_latency(2 * SECOND);
    let sent = Instant::now();
    let client = server.client();
    let (answer, ()) = tokio::join!(get(&client, APP), async {
        tokio::time::sleep(SECOND + SECOND / 2).await;
        server.delete(APP);
    });
    assert_eq!((answer.code, sent.elapsed()), (200, 2 * SECOND));
    assert_eq!(answer.headers["date"], "Thu, 01 Jan 2026 00:00:01 GMT");
}

#[tokio::test(start_paused = true)]
async fn what_a_write_to_the_status_of_a_custom_kind_changes_can_be_told() {
    let server = ScriptedServer::new();
    let body = json!({
        "metadata": { "annotations": { "a": "1" } }, "spec": null, "status": { "replicas": 1 },
    });
    for (kind, does, code, annotation) in [
        ("plains", StatusSubresource::Absent, 404, None),
        ("widgets", StatusSubresource::StatusOnly, 200, None),
        ("gadgets", StatusSubresource::WithMetadata, 200, Some("1")),
    ] {
        server.set_status_subresource(kind, does);
        let path = format!("/apis/example.org/v1/namespaces/default/{kind}/app");
        server.put_object(&path, json!({ "spec": { "replicas": 1 } }));
        let answer = patch(&server.client(), &format!("{path}/status"), &body).await;
        assert_eq!(answer.code, code, "{kind}");
        assert_eq!(server.annotation(&path, "a").as_deref(), annotation, "{kind}");
        assert_eq!(server.object(&path).unwrap()["spec"]["replicas"], 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_what_happened_since_its_version_and_what_happens() {
    let server = server();
    let since = server.version();
    server.annotate(APP, "a", Some("1"));
    server.put_object(&format!("{CONFIGMAPS}/other"), json!({}));
    let query = format!("resourceVersion={since}&fieldSelector=metadata.name=app");
    let mut watch = Watch::open(&server.client(), CONFIGMAPS, &query).await;
    assert_eq!(watch.hear().await.words(), "MODIFIED app");

    let (heard, ()) = tokio::join!(watch.hear(), async { server.delete(APP) });
    let Heard::Event(event) = &heard else { panic!("{heard:?}") };
    assert_eq!(heard.words(), "DELETED app");
    assert_eq!(event["object"]["metadata"]["resourceVersion"], server.version().to_string());
}

#[tokio::test(start_paused = true)]
async fn a_watch_without_a_version_begins_with_what_there_is() {
    let server = server();
    let mut watch = Watch::open(&server.client(), CONFIGMAPS, "").await;
    assert_eq!(watch.hear().await.words(), "ADDED app");
}

#[tokio::test(start_paused = true)]
async fn a_watch_has_a_bookmark_every_minute_where_it_allows_them_and_ends_after_its_time() {
    let server = server();
    let allowing =
        format!("resourceVersion={}&allowWatchBookmarks=true&timeoutSeconds=130", server.version());
    let opened = Instant::now();
    let mut watch = Watch::open(&server.client(), CONFIGMAPS, &allowing).await;
    for minute in 1..=2 {
        let Heard::Event(event) = watch.hear().await else { panic!() };
        assert_eq!(opened.elapsed(), minute * 60 * SECOND);
        assert_eq!(event["type"], "BOOKMARK");
        assert_eq!(event["object"]["metadata"]["resourceVersion"], server.version().to_string());
    }
    assert_eq!((watch.hear().await, opened.elapsed()), (Heard::End, 130 * SECOND));

    server.set_bookmarks(false);
    let mut watch = Watch::open(&server.client(), CONFIGMAPS, &allowing).await;
    assert_eq!(watch.hear().await, Heard::End);
}

#[tokio::test(start_paused = true)]
async fn a_watch_from_before_a_compaction_is_told_so_as_the_test_wants() {
    let server = server();
    let query = format!("resourceVersion={}", server.version());
    server.annotate(APP, "a", Some("1"));
    server.compact();

    let mut watch = Watch::open(&server.client(), CONFIGMAPS, &query).await;
    assert_eq!((watch.code, watch.hear().await.words()), (200, "ERROR Expired".into()));
    assert_eq!(watch.hear().await, Heard::End);

    server.set_too_old(TooOld::Answer);
    let answer = get(&server.client(), &format!("{CONFIGMAPS}?watch=true&{query}")).await;
    assert_eq!((answer.code, &answer.json["reason"]), (410, &json!("Expired")));
}

#[tokio::test(start_paused = true)]
async fn open_watches_end_and_break_and_err_when_told_and_later_ones_do_not() {
    let server = server();
    let client = server.client();
    let query = format!("resourceVersion={}", server.version());
    let open = async || Watch::open(&client, CONFIGMAPS, &query).await;

    let mut watch = open().await;
    server.end_watches();
    assert_eq!(watch.hear().await, Heard::End);
    let mut watch = open().await;
    server.cut_watches();
    assert_eq!(watch.hear().await, Heard::Broken);
    let mut watch = open().await;
    server.error_event(410);
    assert_eq!(watch.hear().await.words(), "ERROR Expired");
    assert_eq!(watch.hear().await, Heard::End);
    drop(watch);

    let mut watch = open().await;
    assert_eq!(watch.hear_for(60 * SECOND).await, Heard::Nothing);
    assert_eq!(server.watch_count(), 1);
    drop(watch);
    assert_eq!(server.watch_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_silent_watch_tells_nothing_and_never_ends_until_it_tells_all() {
    let server = server();
    let query = format!("resourceVersion={}&timeoutSeconds=10", server.version());
    let mut watch = Watch::open(&server.client(), CONFIGMAPS, &query).await;
    server.silence_watches();
    server.annotate(APP, "a", Some("1"));
    assert_eq!(watch.hear_for(60 * SECOND).await, Heard::Nothing);
    server.unsilence_watches();
    assert_eq!(watch.hear().await.words(), "MODIFIED app");
    assert_eq!(watch.hear().await, Heard::End);
}

#[tokio::test(start_paused = true)]
async fn a_list_has_the_collection_and_its_version() {
    let server = server();
    server.put_object("/api/v1/namespaces/other/configmaps/app", json!({}));
    let list = get(&server.client(), CONFIGMAPS).await.json;
    assert_eq!(list["kind"], "ConfigMapList");
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["metadata"]["resourceVersion"], server.version().to_string());
}
