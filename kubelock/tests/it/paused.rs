//! What the tests on paused time share: a scripted server, its clock, and a wire to it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::Method;
use kube::core::GroupVersionResource;
use kubelock::{Clock, Config, Guard, HoldOptions, KubeLock, Lock, Record, Timestamp, Wait};
use serde_json::json;
use testkit::scripted::ScriptedServer;
use testkit::wire::Wire;
use tokio::time::{Instant, sleep, timeout};

use crate::machine::Machine;
use crate::support::{KEY, kube_lock};

pub const APP: &str = "/api/v1/namespaces/default/configmaps/app";
pub const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases/app";
pub const SECOND: Duration = Duration::from_secs(1);
/// Tokio's timers go by milliseconds.
pub const MILLI: Duration = Duration::from_millis(1);
/// No request.
pub const NONE: [Method; 0] = [];
/// Of a hold that names none.
pub const TTL: Duration = Duration::from_secs(30);

/// A hold of thirty seconds, valid for 27.
pub fn hold(owner: &str) -> HoldOptions {
    HoldOptions { owner: owner.into(), ..Default::default() }
}

/// The same, waited for.
pub fn waiting(owner: &str) -> HoldOptions {
    HoldOptions { wait: Wait::Forever, ..hold(owner) }
}

/// The same, waited for so long at most.
pub fn waiting_for(owner: &str, span: Duration) -> HoldOptions {
    HoldOptions { wait: Wait::For(span), ..hold(owner) }
}

/// What comes of a future that is done within `span`.
pub async fn within<T>(span: Duration, future: impl Future<Output = T>) -> T {
    timeout(span, future).await.expect("it takes longer")
}

/// Polls it once.
pub async fn poll_once<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Lets all happen that takes no time.
pub async fn settled() {
    sleep(MILLI).await;
}

pub fn watch_verb() -> Method {
    Method::from_bytes(b"WATCH").unwrap()
}

/// Clocks that go as tokio's does.
pub struct TokioClock {
    pub server: ScriptedServer,
    pub started: Instant,
    /// How far the wall clock is ahead of true time.
    pub ahead_nanos: i128,
}

impl Clock for TokioClock {
    fn wall(&self) -> Timestamp {
        Timestamp::from(self.server.now()).saturating_add_nanos(self.ahead_nanos)
    }

    fn boot(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A configmap `app` on a scripted server, and a wire to it.
pub struct PausedStage {
    pub server: ScriptedServer,
    pub wire: Wire,
}

impl PausedStage {
    pub fn new() -> Self {
        let server = ScriptedServer::new();
        server.put_object(APP, json!({ "metadata": { "annotations": { "team": "a" } } }));
        Self { wire: Wire::new(server.client()), server }
    }

    /// The same server over a wire of its own: for those whose requests are not counted.
    pub fn aside(&self) -> Self {
        Self { wire: Wire::new(self.server.client()), server: self.server.clone() }
    }

    /// The lock `l` on configmaps of the stage, over the wire.
    pub fn lock(&self) -> Lock {
        self.lock_ahead(Duration::ZERO)
    }

    /// By a wall clock that is ahead.
    pub fn lock_ahead(&self, ahead: Duration) -> Lock {
        Self::lock_of(&self.kube_lock_ahead(ahead))
    }

    /// The same on a machine of its own.
    pub fn lock_on(&self, machine: &Machine) -> Lock {
        Self::lock_of(&machine.run(kube_lock(self.wire.client())))
    }

    /// The lock `l` on Leases, of which there are none yet.
    pub fn lease_lock(&self) -> Lock {
        let gvr = GroupVersionResource::gvr("coordination.k8s.io", "v1", "leases");
        let kube_lock = KubeLock::new(Config { client: self.wire.client(), gvr }).unwrap();
        let clock = Arc::new(self.clock(Duration::ZERO));
        Self::lock_of(&kube_lock.with_client_that_sends_once().with_clock(clock))
    }

    /// Another process on each call.
    pub fn kube_lock(&self) -> KubeLock {
        self.kube_lock_ahead(Duration::ZERO)
    }

    fn kube_lock_ahead(&self, ahead: Duration) -> KubeLock {
        kube_lock(self.wire.client()).with_clock(Arc::new(self.clock(ahead)))
    }

    pub fn lock_of(kube_lock: &KubeLock) -> Lock {
        kube_lock.lock("l").unwrap().namespace("default").unwrap()
    }

    pub fn clock(&self, ahead: Duration) -> TokioClock {
        let ahead_nanos = ahead.as_nanos().try_into().unwrap();
        TokioClock { server: self.server.clone(), started: Instant::now(), ahead_nanos }
    }

    /// What stands in the lock's annotation on `app`.
    pub fn value(&self) -> Option<String> {
        self.server.annotation(APP, KEY)
    }

    /// This owner has the lock, and dies: its record stands, and nobody renews it.
    pub async fn die_as(&self, options: HoldOptions) {
        let machine = Machine::new(&self.server);
        let guard = self.aside().lock_on(&machine).hold("app", options).await.unwrap();
        machine.kill_tasks();
        settled().await;
        assert!(!guard.is_valid());
    }

    /// Somebody outside of the protocol writes the annotation; `None` removes it.
    pub fn overwrite(&self, value: Option<&str>) {
        self.server.annotate(APP, KEY, value);
    }

    /// Who has the lock, by the record.
    pub fn owner(&self) -> Option<String> {
        Some(Record::decode(&self.value()?).unwrap().owner)
    }

    /// Whether the record of this hold stands, in whatever version.
    pub fn shows(&self, guard: &Guard) -> bool {
        let record = self.value().map(|value| Record::decode(&value).unwrap());
        record.is_some_and(|record| record.hold.as_ref() == Some(guard.hold_id()))
    }

    /// Waits until this request was sent, and all before it; returns them.
    pub async fn sent(&self, method: &Method) -> Vec<Method> {
        let mut sent = Vec::new();
        while !sent.contains(method) {
            sleep(MILLI).await;
            sent.extend(self.wire.take_methods());
        }
        sent
    }
}
