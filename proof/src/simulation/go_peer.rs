//! A process that runs the Go package: read, judge by the own wall clock, PUT the whole object.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, header};
use kube::Client;
use kubelock::{Clock, Record, Ttl};
use serde_json::{Value, json};

use super::judge::Kind;
use super::link::Link;
use super::process::Process;
use super::profile::Rule;
use super::store::KEY;

/// How long it waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// One life of a Go peer.
pub(crate) struct GoPeer {
    process: Arc<Process>,
    owner: String,
    client: Client,
}

impl GoPeer {
    pub(crate) fn new(process: &Arc<Process>, owner: String) -> Self {
        Self { process: process.clone(), owner, client: Link::client(process, false) }
    }

    /// Takes the lock whenever it can, and gives it back, while there are faults.
    pub(crate) async fn live(self) {
        let process = self.process.clone();
        while process.world.has_faults() {
            process.sleep(process.dice.millis(200, 9_000)).await;
            let call = process.world.judge().began(&process, Kind::Go, Rule::LocalClock, false);
            let Some((number, ttl)) = self.acquire(call).await else { continue };
            let span = process.dice.span(Duration::ZERO, ttl * 6 / 5);
            process.sleep(span).await;
            if process.dice.chance(800) {
                process.world.judge().plain_ending(number);
                process.world.judge().began(&process, Kind::Go, Rule::LocalClock, false);
                self.release().await;
            }
        }
    }

    async fn acquire(&self, call: u64) -> Option<(usize, Duration)> {
        let process = &self.process;
        let mut object = self.read().await?;
        let wall = process.machine.wall();
        if let Some(held) = record_of(&object)
            && held.is_ok_and(|held| !held.is_expired(wall))
        {
            return None;
        }
        let ttl = Duration::from_secs(process.dice.pick(&[3, 5, 10, 20]));
        let record = Record::new(self.owner.clone(), wall, Ttl::new(ttl).ok()?);
        if !object["metadata"]["annotations"].is_object() {
            object["metadata"]["annotations"] = json!({});
        }
        object["metadata"]["annotations"][KEY] = json!(record.encode());
        let stored = self.write(&object).await?;
        let version = stored["metadata"]["resourceVersion"].as_str()?.parse().ok()?;
        process.note(|| "has acquired it, as Go does".into());
        let number = process.world.judge().got_plain(process, call, &record, version);
        Some((number, ttl))
    }

    async fn release(&self) {
        let Some(mut object) = self.read().await else { return };
        let wall = self.process.machine.wall();
        let is_own = record_of(&object)
            .is_some_and(|it| it.is_ok_and(|it| it.owner == self.owner && !it.is_expired(wall)));
        if !is_own {
            return;
        }
        if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
            annotations.remove(KEY);
        }
        self.process.note(|| "releases it, as Go does".into());
        let _ = self.write(&object).await;
    }

    async fn read(&self) -> Option<Value> {
        self.send(Request::get(&self.process.world.path), Vec::new()).await
    }

    async fn write(&self, object: &Value) -> Option<Value> {
        let request = Request::put(&self.process.world.path);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request, serde_json::to_vec(object).ok()?).await
    }

    /// The answer to a request, if it is a good one.
    async fn send(&self, request: http::request::Builder, body: Vec<u8>) -> Option<Value> {
        let request = request.header(header::ACCEPT, "application/json").body(body.into()).ok()?;
        let answer = tokio::select! {
            biased;
            answer = self.client.send(request) => answer.ok()?,
            () = self.process.sleep(PATIENCE) => return None,
        };
        let is_good = answer.status().is_success();
        let bytes = answer.into_body().collect_bytes().await.ok()?;
        if is_good { serde_json::from_slice(&bytes).ok() } else { None }
    }
}

fn record_of(object: &Value) -> Option<Result<Record, kubelock::Malformed>> {
    object["metadata"]["annotations"][KEY].as_str().map(Record::decode)
}
