//! Streams of what happens to a collection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::time::{Instant, sleep_until};
use tower::BoxError;

use crate::accept::Form;
use crate::call::Call;
use crate::clock::Clock;
use crate::decode;
use crate::key::Collection;
use crate::path::ResourcePath;
use crate::reply::{Body, Ordered, Reply};
use crate::request::Request;
use crate::sandbox::Sandbox;
use crate::selector::Selector;
use crate::state::State;
use crate::status::Status;
use crate::store::{Change, Event, Forgotten};
use crate::verbs::list::too_large;
use crate::verbs::list_options::ListOptions;

const BOOKMARK_INTERVAL: Duration = Duration::from_mins(1);
/// Where a watch does not say: the least that the API server grants.
const USUAL_TIMEOUT: Duration = Duration::from_mins(30);
/// How many changes a watch looks at before it lets others run.
const LOOK_LIMIT: usize = 1_000;

pub(crate) fn watch(server: &Sandbox, call: &Call<'_>) -> Result<Reply, Status> {
    let options = ListOptions::of_watch(call)?;
    let mut selector = Selector::of(&call.kind, &call.request.query)?;
    if let Some(name) = &call.path.name {
        selector = selector.named(name);
    }
    Ok(Reply::stream(open(server, call, &options, selector)?))
}

fn open(
    server: &Sandbox,
    call: &Call<'_>,
    options: &ListOptions,
    selector: Selector,
) -> Result<Body, Status> {
    let now = Instant::now();
    let timeout = options.timeout_seconds.filter(|seconds| *seconds > 0);
    let mut watch = Watch {
        server: server.clone(),
        collection: call.collection(),
        selector,
        asked: Asked::of(call),
        allows_bookmarks: options.allows_bookmarks,
        version: 0,
        backlog: VecDeque::new(),
        has_told: false,
        ends_at: now + timeout.map_or(USUAL_TIMEOUT, Duration::from_secs),
        bookmark_at: now + BOOKMARK_INTERVAL,
        changed: server.subscribe(),
        is_over: false,
    };
    watch.begin(&server.state(), options)?;
    Ok(StreamBody::new(watch.into_stream()).boxed_unsync())
}

/// What is needed of the request to shape what is told.
struct Asked {
    kind: crate::kinds::Kind,
    path: ResourcePath,
    request: Request,
    form: Form,
    clock: Clock,
}

impl Asked {
    fn of(call: &Call<'_>) -> Self {
        Self {
            kind: call.kind.clone(),
            path: call.path.clone(),
            request: call.request.without_body(),
            form: call.form.clone(),
            clock: call.clock.clone(),
        }
    }

    fn call(&self) -> Call<'_> {
        Call {
            kind: self.kind.clone(),
            path: &self.path,
            request: &self.request,
            form: self.form.clone(),
            clock: self.clock.clone(),
        }
    }
}

/// One open watch.
struct Watch {
    server: Sandbox,
    collection: Collection,
    selector: Selector,
    asked: Asked,
    allows_bookmarks: bool,
    /// What happened until then was told.
    version: u64,
    /// What is told before anything else.
    backlog: VecDeque<(&'static str, Arc<Value>)>,
    has_told: bool,
    ends_at: Instant,
    bookmark_at: Instant,
    changed: broadcast::Receiver<()>,
    is_over: bool,
}

enum Next {
    Tell(&'static str, Arc<Value>),
    End,
    /// Others may run meanwhile.
    Yield,
    /// Nothing, before this moment or a change.
    Wait(Instant),
}

impl Watch {
    /// Without a version, a watch begins with what there is.
    fn begin(&mut self, state: &State, options: &ListOptions) -> Result<(), Status> {
        let now = state.store.version();
        let from = options.version.filter(|_| !options.sends_initial_events);
        if let (true, Some(asked)) = (options.sends_initial_events, options.version)
            && asked > now
        {
            return Err(too_large(asked, now));
        }
        if let Some(version) = from {
            self.version = version;
            return Ok(());
        }
        self.version = now;
        let suppressed = self.asked.request.query.get("sendInitialEvents").is_some()
            && !options.sends_initial_events;
        if suppressed {
            return Ok(());
        }
        let found = state.store.list(&self.collection).map(|(_, object)| object);
        let selected = found.filter(|object| self.selector.selects(object));
        self.backlog.extend(selected.map(|object| ("ADDED", object.clone())));
        if options.sends_initial_events && options.allows_bookmarks {
            let mut end = self.bookmark();
            end["metadata"]["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
            self.backlog.push_back(("BOOKMARK", Arc::new(end)));
        }
        Ok(())
    }

    fn into_stream(self) -> impl Stream<Item = Result<Frame<Bytes>, BoxError>> {
        stream::unfold(self, |mut watch| async move { Some((Ok(watch.frame().await?), watch)) })
    }

    async fn frame(&mut self) -> Option<Frame<Bytes>> {
        while !self.is_over {
            match self.look() {
                Next::Tell(event, object) => return self.told(event, &object),
                Next::End => self.is_over = true,
                Next::Yield => tokio::task::yield_now().await,
                Next::Wait(until) => {
                    tokio::select! {
                        biased;
                        // It never closes: this watch itself keeps the server.
                        _ = self.changed.recv() => {}
                        () = sleep_until(until) => {}
                    }
                }
            }
        }
        None
    }

    fn told(&mut self, event: &str, object: &Arc<Value>) -> Option<Frame<Bytes>> {
        let object = if event == "ERROR" {
            self.is_over = true;
            Value::clone(object)
        } else {
            // What cannot be told in the form that is wanted ends the watch.
            self.asked.call().shown(object, !self.has_told).ok()?
        };
        self.has_told = true;
        let line = json!({ "type": event, "object": object });
        let mut bytes = kubelock_core::go_json::to_vec(&Ordered(&line)).unwrap_or_default();
        bytes.push(b'\n');
        Some(Frame::data(bytes.into()))
    }

    fn look(&mut self) -> Next {
        if let Some((event, object)) = self.backlog.pop_front() {
            return Next::Tell(event, object);
        }
        let server = self.server.clone();
        let state = server.state();
        match self.next_change(&state) {
            Ok(Some((event, object))) => Next::Tell(event, object),
            Ok(None) if self.version < state.store.version() => Next::Yield,
            Ok(None) => self.tell_time(),
            Err(Forgotten { oldest }) => {
                let message = format!("too old resource version: {} ({oldest})", self.version);
                Next::Tell("ERROR", Arc::new(Status::expired(message).to_json()))
            }
        }
    }

    fn next_change(
        &mut self,
        state: &State,
    ) -> Result<Option<(&'static str, Arc<Value>)>, Forgotten> {
        for change in state.store.changes_since(self.version)?.take(LOOK_LIMIT) {
            self.version = change.version;
            if self.collection.contains(&change.key)
                && let Some(told) = self.as_selected(change)
            {
                return Ok(Some(told));
            }
        }
        Ok(None)
    }

    /// To a watch with a selector, what begins to match is added, and what stops is deleted.
    fn as_selected(&self, change: &Change) -> Option<(&'static str, Arc<Value>)> {
        let before = change.previous.as_ref().filter(|object| self.selector.selects(object));
        let is_there = change.event != Event::Deleted;
        let after = is_there && self.selector.selects(&change.object);
        match (before, after) {
            (None, true) => Some(("ADDED", change.object.clone())),
            (Some(_), true) => Some(("MODIFIED", change.object.clone())),
            (Some(before), false) => Some(("DELETED", stamped(before, change.version))),
            (None, false) => None,
        }
    }

    fn tell_time(&mut self) -> Next {
        let now = Instant::now();
        if now >= self.ends_at {
            return Next::End;
        }
        if now >= self.bookmark_at {
            self.bookmark_at = now + BOOKMARK_INTERVAL;
            if self.allows_bookmarks {
                return Next::Tell("BOOKMARK", Arc::new(self.bookmark()));
            }
        }
        Next::Wait(self.ends_at.min(self.bookmark_at))
    }

    fn bookmark(&self) -> Value {
        let kind = &self.asked.kind;
        let mut bookmark = json!({
            "kind": kind.kind, "apiVersion": kind.kept_api_version(),
            "metadata": { "resourceVersion": self.version.to_string() },
        });
        decode::complete(kind, &mut bookmark);
        bookmark
    }
}

/// As it was, with the version at which it went out of sight.
fn stamped(object: &Value, version: u64) -> Arc<Value> {
    let mut object = object.clone();
    object["metadata"]["resourceVersion"] = json!(version.to_string());
    Arc::new(object)
}
