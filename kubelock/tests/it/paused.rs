//! What the tests on paused time share: a scripted server, its clock, and a wire to it.

use std::sync::Arc;
use std::time::Duration;

use kubelock::{Clock, Lock, Timestamp};
use serde_json::json;
use testkit::scripted::ScriptedServer;
use testkit::wire::Wire;
use tokio::time::Instant;

use crate::support::{KEY, kube_lock};

pub const APP: &str = "/api/v1/namespaces/default/configmaps/app";

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

    /// The lock `l` on configmaps of the stage, over the wire.
    pub fn lock(&self) -> Lock {
        self.lock_ahead(Duration::ZERO)
    }

    /// By a wall clock that is ahead.
    pub fn lock_ahead(&self, ahead: Duration) -> Lock {
        let kube_lock = kube_lock(self.wire.client()).with_clock(Arc::new(self.clock(ahead)));
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
}
