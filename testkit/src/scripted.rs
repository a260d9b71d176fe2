//! A scripted API server in memory, for tests on paused time: no sockets, no threads.
//!
//! It serves what the lock protocol leans on, and does to its clients what a test tells it to.
//! What it does not know (validation, RBAC, other selectors than a name) it does not refuse.

mod clock;
mod patching;
mod query;
mod serving;
mod status;
mod store;
mod target;
mod watching;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use kube::Client;
use serde_json::{Value, json};
use tokio::sync::watch;

use clock::ServerClock;
use serving::serve;
use status::Status;
use store::{Entry, Store, metadata_mut};
use target::Target;
pub use watching::TooOld;
use watching::Watches;

/// What a write to the subresource `status` of a kind changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusSubresource {
    /// There is none: configmaps, Leases, Secrets.
    Absent,
    /// The status and the metadata: built-in kinds.
    WithMetadata,
    /// The status alone: custom kinds.
    StatusOnly,
}

/// The server. Clones are the same server.
#[derive(Clone)]
pub struct ScriptedServer {
    state: Arc<Mutex<State>>,
    changed: watch::Sender<()>,
}

struct State {
    store: Store,
    clock: ServerClock,
    latency: Duration,
    watches: Watches,
    status_subresources: BTreeMap<String, StatusSubresource>,
}

impl Default for ScriptedServer {
    fn default() -> Self {
        Self::new()
    }
}

/// Each of these panics where a path names no object, or none that is there.
impl ScriptedServer {
    /// A server without objects. Its time starts now, at 2026-01-01T00:00:00Z.
    pub fn new() -> Self {
        let state = State {
            store: Store::new(),
            clock: ServerClock::start(),
            latency: Duration::ZERO,
            watches: Watches::new(),
            status_subresources: BTreeMap::new(),
        };
        Self { state: Arc::new(Mutex::new(state)), changed: watch::Sender::new(()) }
    }

    /// A client that sends each request once. It needs a runtime.
    pub fn client(&self) -> Client {
        let server = self.clone();
        Client::new(tower::service_fn(move |request| serve(server.clone(), request)), "default")
    }

    /// Stores an object at its path, be there one or not, and returns it as stored.
    ///
    /// What the path says and the server decides need not be given: `{}` will do.
    pub fn put_object(&self, path: &str, mut object: Value) -> Value {
        self.change(path, |state, target| {
            if state.store.get(target).is_err() {
                let created = state.clock.timestamp();
                return state.store.create(target, object, &created);
            }
            let metadata = metadata_mut(&mut object);
            metadata.remove("resourceVersion");
            metadata.remove("uid");
            state.store.update(target, object)
        })
    }

    /// The object as stored.
    pub fn object(&self, path: &str) -> Option<Value> {
        self.state().store.get(&target(path)).ok().cloned()
    }

    /// An annotation's value.
    pub fn annotation(&self, path: &str, key: &str) -> Option<String> {
        let object = self.object(path)?;
        object["metadata"]["annotations"][key].as_str().map(str::to_owned)
    }

    /// Somebody else annotates the object; `None` removes.
    pub fn annotate(&self, path: &str, key: &str, value: Option<&str>) {
        self.change(path, |state, target| {
            let change = json!({ "metadata": { "annotations": { key: value } } });
            let object = state.store.get(target)?;
            let patched = patching::merge_patch(object, change.to_string().as_bytes())?;
            state.store.update(target, patched)
        });
    }

    /// The object is gone. One made anew at its path is another one.
    pub fn delete(&self, path: &str) {
        self.change(path, |state, target| state.store.delete(target));
    }

    /// The object waits for its finalizers: it has a `deletionTimestamp`.
    pub fn begin_deletion(&self, path: &str) {
        self.change(path, |state, target| {
            let at = state.clock.timestamp();
            state.store.begin_deletion(target, &at)
        });
    }

    /// What the subresource `status` of these does, by their plural (`deployments`).
    ///
    /// Unless told, it is as on a real server for the kinds that locks are put on.
    pub fn set_status_subresource(&self, resource: &str, does: StatusSubresource) {
        self.state().status_subresources.insert(resource.to_owned(), does);
    }

    /// The resourceVersion of the last write.
    pub fn version(&self) -> u64 {
        self.state().store.version
    }

    /// True time: from the server's start, as tokio's clock goes. The skew is not in it.
    pub fn now(&self) -> SystemTime {
        self.state().clock.true_time()
    }

    /// The server's clock is ahead of what it follows by so much; behind, if negative.
    pub fn set_skew_millis(&self, ahead_millis: i64) {
        self.state().clock.set_skew_millis(ahead_millis);
    }

    /// The server's clock follows this instead of true time.
    pub fn set_clock(&self, clock: impl Fn() -> SystemTime + Send + 'static) {
        self.state().clock.set_source(Box::new(clock));
    }

    /// From now on, a request takes half of this to arrive, and its answer the other half.
    ///
    /// A request whose sender stops waiting before it arrives does not.
    pub fn set_latency(&self, latency: Duration) {
        self.state().latency = latency;
    }
}

/// What tests do to watches.
impl ScriptedServer {
    /// How many watches are open.
    pub fn watch_count(&self) -> usize {
        self.state().watches.open
    }

    /// All open watches end, as they do after their time.
    pub fn end_watches(&self) {
        self.control(|state| state.watches.end());
    }

    /// The connections of all open watches break.
    pub fn cut_watches(&self) {
        self.control(|state| state.watches.cut());
    }

    /// Open watches and new ones tell nothing any more, and don't end by themselves.
    pub fn silence_watches(&self) {
        self.control(|state| state.watches.are_silent = true);
    }

    /// They go on, with all that they did not tell.
    pub fn unsilence_watches(&self) {
        self.control(|state| state.watches.are_silent = false);
    }

    /// Whether watches that allow bookmarks get one every minute; they do unless told.
    pub fn set_bookmarks(&self, sent: bool) {
        self.control(|state| state.watches.have_bookmarks = sent);
    }

    /// All open watches are told of an error with this code, and end.
    pub fn error_event(&self, code: u16) {
        let (reason, message) = match code {
            410 => ("Expired", "The resourceVersion for the provided watch is too old."),
            500 => ("InternalError", "Internal error occurred"),
            _ => ("", "injected"),
        };
        self.control(|state| {
            let entry = Entry {
                version: state.store.version,
                kind: "ERROR",
                collection: String::new(),
                object: Status::new(code, reason, message).to_json(),
                only_below: Some(state.watches.next()),
            };
            state.store.log.push(entry);
        });
    }

    /// Forgets what happened before the last write: new watches from before it are too old.
    pub fn compact(&self) {
        self.control(|state| state.store.oldest = state.store.version);
    }

    /// How those are told; by an event unless told otherwise.
    pub fn set_too_old(&self, told: TooOld) {
        self.control(|state| state.watches.too_old = told);
    }
}

impl ScriptedServer {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn control<T>(&self, control: impl FnOnce(&mut State) -> T) -> T {
        let done = control(&mut self.state());
        self.changed.send_replace(());
        done
    }

    fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    #[expect(clippy::panic, reason = "a test that sets its stage wrong can only fail")]
    fn change(
        &self,
        path: &str,
        change: impl FnOnce(&mut State, &Target) -> Result<Value, Status>,
    ) -> Value {
        let target = target(path);
        let done = self.control(|state| change(state, &target));
        done.unwrap_or_else(|status| panic!("{path}: {}", status.to_json()))
    }
}

#[expect(clippy::panic, reason = "a test that sets its stage wrong can only fail")]
fn target(path: &str) -> Target {
    let target = Target::parse(path).filter(|target| target.name.is_some());
    target.unwrap_or_else(|| panic!("no object's path: {path}"))
}

/// The object, or its metadata alone.
fn shape(object: Value, metadata_alone: bool) -> Value {
    if !metadata_alone {
        return object;
    }
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"],
    })
}
