//! A scripted API server in memory, for tests on paused time: no sockets, no threads.
//!
//! It is the sandbox, and does to its clients what a test tells it to.

mod clock;
mod serving;
mod watches;
mod watching;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use http::Request;
use http_body_util::Empty;
use hyper::body::Bytes;
use kube::Client;
pub use sandbox::StatusSubresource;
use sandbox::{Kind, Sandbox, Status};
use serde_json::{Value, json};
use tower::Service;

use clock::ServerClock;
use serving::serve;
pub use watches::TooOld;
use watches::Watches;

/// What an object waits for that a test lets wait.
const FINALIZER: &str = "kubelock-test.example.org/kept";

/// The server. Clones are the same server.
#[derive(Clone)]
pub struct ScriptedServer {
    sandbox: Sandbox,
    watches: Watches,
    script: Arc<Mutex<Script>>,
}

struct Script {
    clock: ServerClock,
    latency: Duration,
    /// Of custom kinds, by their plural.
    status_subresources: BTreeMap<String, StatusSubresource>,
}

impl Default for ScriptedServer {
    fn default() -> Self {
        Self::new()
    }
}

/// Each of these panics where a path names no object, or none that is there.
impl ScriptedServer {
    /// A server without config maps. Its time starts now, at 2026-01-01T00:00:00Z.
    pub fn new() -> Self {
        let script = Arc::new(Mutex::new(Script {
            clock: ServerClock::start(),
            latency: Duration::ZERO,
            status_subresources: BTreeMap::new(),
        }));
        let clock = script.clone();
        let sandbox = Sandbox::with_clock(move || locked(&clock).clock.read());
        let seeded = sandbox.remove("/api/v1/namespaces/default/configmaps/app");
        debug_assert!(seeded.is_ok(), "the sandbox has other objects");
        Self { sandbox, watches: Watches::new(), script }
    }

    /// A client that sends each request once. It needs a runtime.
    pub fn client(&self) -> Client {
        let server = self.clone();
        Client::new(tower::service_fn(move |request| serve(server.clone(), request)), "default")
    }

    /// Stores an object at its path, be there one or not, and returns it as stored.
    ///
    /// What the path says and the server decides need not be given: `{}` will do. A kind that
    /// is not known becomes so.
    pub fn put_object(&self, path: &str, object: Value) -> Value {
        let first = self.sandbox.put(path, object.clone());
        if first.as_ref().is_err_and(|status| status.code() == 404) {
            self.declare(path);
            return done(path, self.sandbox.put(path, object));
        }
        done(path, first)
    }

    fn declare(&self, path: &str) {
        let segments: Vec<&str> = path.split('/').collect();
        if let ["", "apis", group, version, "namespaces", _, plural, _] = segments.as_slice() {
            let mut kind = Kind::custom(group, version, &kind_of(plural), plural);
            let told = self.script().status_subresources.get(*plural).copied();
            kind.status = told.unwrap_or(StatusSubresource::StatusOnly);
            self.sandbox.declare(kind);
        }
    }

    /// The object as stored.
    pub fn object(&self, path: &str) -> Option<Value> {
        self.sandbox.get(path)
    }

    /// An annotation's value.
    pub fn annotation(&self, path: &str, key: &str) -> Option<String> {
        let object = self.object(path)?;
        object["metadata"]["annotations"][key].as_str().map(str::to_owned)
    }

    /// Somebody else annotates the object; `None` removes.
    pub fn annotate(&self, path: &str, key: &str, value: Option<&str>) {
        let mut object = self.sandbox.get(path).unwrap_or_default();
        if let Some(value) = value {
            object["metadata"]["annotations"][key] = json!(value);
        } else if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
            annotations.remove(key);
        }
        done(path, self.sandbox.put(path, object));
    }

    /// The object is gone. One made anew at its path is another one.
    pub fn delete(&self, path: &str) {
        done(path, self.sandbox.remove(path));
    }

    /// The object waits for a finalizer: it has a `deletionTimestamp`.
    ///
    /// # Panics
    /// Where there is no such object.
    pub fn begin_deletion(&self, path: &str) {
        let mut object = self.sandbox.get(path).unwrap_or_default();
        let own = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        object["metadata"]["finalizers"] = Value::from([own, vec![json!(FINALIZER)]].concat());
        done(path, self.sandbox.put(path, object));
        let delete = Request::delete(path).body(Empty::<Bytes>::new());
        let answer =
            delete.ok().and_then(|delete| self.sandbox.service().call(delete).now_or_never());
        let is_done = answer.and_then(Result::ok).is_some_and(|answer| answer.status() == 200);
        assert!(is_done, "{path}: it is not being deleted");
    }

    /// What the subresource `status` of a custom kind does, by its plural, when it becomes known.
    ///
    /// Unless told, it is as on a real server.
    pub fn set_status_subresource(&self, resource: &str, does: StatusSubresource) {
        self.script().status_subresources.insert(resource.to_owned(), does);
    }

    /// The resourceVersion of the last write.
    pub fn version(&self) -> u64 {
        self.sandbox.resource_version()
    }

    /// True time: from the server's start, as tokio's clock goes. The skew is not in it.
    pub fn now(&self) -> SystemTime {
        self.script().clock.true_time()
    }

    /// The server's clock is ahead of what it follows by so much; behind, if negative.
    pub fn set_skew_millis(&self, ahead_millis: i64) {
        self.script().clock.set_skew_millis(ahead_millis);
    }

    /// The server's clock follows this instead of true time.
    pub fn set_clock(&self, clock: impl Fn() -> SystemTime + Send + 'static) {
        self.script().clock.set_source(Box::new(clock));
    }

    /// From now on, a request takes half of this to arrive, and its answer the other half.
    ///
    /// A request whose sender stops waiting before it arrives does not.
    pub fn set_latency(&self, latency: Duration) {
        self.script().latency = latency;
    }
}

/// What tests do to watches.
impl ScriptedServer {
    /// How many watches are open.
    pub fn watch_count(&self) -> usize {
        self.watches.plan().open
    }

    /// All open watches end, as they do after their time.
    pub fn end_watches(&self) {
        self.watches.change(watches::Plan::end);
    }

    /// The connections of all open watches break.
    pub fn cut_watches(&self) {
        self.watches.change(watches::Plan::cut);
    }

    /// Open watches and new ones tell nothing any more, and don't end by themselves.
    pub fn silence_watches(&self) {
        self.watches.change(|plan| plan.are_silent = true);
    }

    /// They go on, with all that they did not tell.
    pub fn unsilence_watches(&self) {
        self.watches.change(|plan| plan.are_silent = false);
    }

    /// Whether watches that allow bookmarks get one every minute; they do unless told.
    pub fn set_bookmarks(&self, sent: bool) {
        self.watches.change(|plan| plan.have_bookmarks = sent);
    }

    /// All open watches are told of an error with this code, and end.
    pub fn error_event(&self, code: u16) {
        let (reason, message) = match code {
            410 => ("Expired", "The resourceVersion for the provided watch is too old."),
            500 => ("InternalError", "Internal error occurred"),
            _ => ("", "injected"),
        };
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "details": {}, "code": code,
        });
        let event = json!({ "type": "ERROR", "object": status });
        self.watches.change(|plan| plan.err(format!("{event}\n")));
    }

    /// Forgets what happened before the last write: new watches from before it are too old.
    pub fn compact(&self) {
        self.sandbox.compact();
    }

    /// How those are told; by an event unless told otherwise.
    pub fn set_too_old(&self, told: TooOld) {
        self.watches.change(|plan| plan.too_old = told);
    }
}

impl ScriptedServer {
    fn script(&self) -> MutexGuard<'_, Script> {
        locked(&self.script)
    }

    fn latency(&self) -> Duration {
        self.script().latency
    }
}

fn locked(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The kind, guessed from the plural.
fn kind_of(plural: &str) -> String {
    let mut letters = plural.strip_suffix('s').unwrap_or(plural).chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[expect(clippy::panic, reason = "a test that sets its stage wrong can only fail")]
fn done(path: &str, outcome: Result<Value, Status>) -> Value {
    outcome.unwrap_or_else(|status| panic!("{path}: {}", status.to_json()))
}
