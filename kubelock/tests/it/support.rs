//! What the tests share: a namespace of their own, a wire, and short words for calls.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use kube::core::GroupVersionResource;
use kube::{Client, ResourceExt};
use kubelock::{
    AcquireOptions, Clock, Config, ExpiryRule, KubeLock, Lock, ReleaseOptions, SystemClock,
    Timestamp,
};
use testkit::wire::Wire;

pub const KEY: &str = "kubelock.giantswarm.io/l";
pub const GET: Method = Method::GET;
pub const PATCH: Method = Method::PATCH;
pub const PUT: Method = Method::PUT;
pub const POST: Method = Method::POST;

/// A configmap `app` in a new namespace, and a wire to the server.
pub struct Stage {
    pub admin: Client,
    pub namespace: String,
    pub wire: Wire,
}

impl Stage {
    /// `None` where the tests were told to do without a control plane.
    pub async fn new(hint: &str) -> Option<Self> {
        let cluster = testkit::cluster()?;
        let admin = cluster.client().await;
        let namespace = cluster.namespace(hint).await;
        let stage = Self { wire: Wire::new(admin.clone()), admin, namespace };
        stage.create_configmap("app", None).await;
        Some(stage)
    }

    /// The lock `l` on configmaps of the stage, over the wire.
    pub fn lock(&self) -> Lock {
        self.lock_with(self.wire.client())
    }

    /// The same with a wall clock a minute ahead: stamps are never early then, so that no slow
    /// answer adds the request that mends them, and requests can be counted on any machine.
    pub fn counted_lock(&self) -> Lock {
        self.counted_lock_over(&self.wire)
    }

    pub fn counted_lock_over(&self, wire: &Wire) -> Lock {
        self.lock_of(&kube_lock(wire.client()).with_clock(Arc::new(Skewed(60))))
    }

    pub fn lock_with(&self, client: Client) -> Lock {
        self.lock_of(&kube_lock(client))
    }

    pub fn lock_of(&self, kube_lock: &KubeLock) -> Lock {
        kube_lock.lock("l").unwrap().namespace(&self.namespace).unwrap()
    }

    pub fn configmaps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.admin.clone(), &self.namespace)
    }

    pub async fn create_configmap(&self, name: &str, annotation: Option<(&str, &str)>) {
        let annotations =
            annotation.map(|(key, value)| [(key.to_owned(), value.to_owned())].into());
        let metadata = ObjectMeta { name: Some(name.into()), annotations, ..ObjectMeta::default() };
        let object = ConfigMap { metadata, ..ConfigMap::default() };
        self.configmaps().create(&PostParams::default(), &object).await.unwrap();
    }

    /// What stands in the lock's annotation on `app`.
    pub async fn value(&self) -> Option<String> {
        let object = self.configmaps().get("app").await.unwrap();
        object.annotations().get(KEY).cloned()
    }

    /// Somebody else annotates `app`; `None` removes.
    pub async fn annotate(&self, key: &str, value: Option<&str>) {
        let patch = serde_json::json!({ "metadata": { "annotations": { key: value } } });
        self.configmaps()
            .patch("app", &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }

    /// Who has the lock, by the record.
    pub async fn owner(&self) -> Option<String> {
        let value = self.value().await?;
        let record: serde_json::Value = serde_json::from_str(&value).unwrap();
        Some(record["owner"].as_str().unwrap().to_owned())
    }
}

/// Locks on configmaps, by a client that sends once.
pub fn kube_lock(client: Client) -> KubeLock {
    any_kube_lock(client).with_client_that_sends_once()
}

/// Locks on configmaps, by a client that nothing is known of.
pub fn any_kube_lock(client: Client) -> KubeLock {
    KubeLock::new(Config { client, gvr: configmaps() }).unwrap()
}

/// The machine's clocks, with the wall clock off by so many seconds.
pub struct Skewed(pub i128);

impl Clock for Skewed {
    fn wall(&self) -> Timestamp {
        SystemClock.wall().saturating_add_nanos(self.0 * 1_000_000_000)
    }

    fn boot(&self) -> Duration {
        SystemClock.boot()
    }
}

pub fn configmaps() -> GroupVersionResource {
    GroupVersionResource::gvr("", "v1", "configmaps")
}

pub fn acquire(owner: &str) -> AcquireOptions {
    AcquireOptions { owner: owner.into(), ..Default::default() }
}

pub fn release(owner: &str) -> ReleaseOptions {
    ReleaseOptions { owner: owner.into(), ..Default::default() }
}

/// Options that give up soon, for tests that wait for that.
pub fn hasty(owner: &str) -> AcquireOptions {
    AcquireOptions { deadline: Duration::from_secs(2), ..acquire(owner) }
}

/// The Go package's own rule of expiry.
pub fn by_local_clock(owner: &str, ttl: Duration) -> AcquireOptions {
    AcquireOptions { ttl, expiry: ExpiryRule::LocalClock, ..acquire(owner) }
}

/// A record as anybody may have written it.
pub fn record(owner: &str, created_at: &str, ttl: Duration) -> String {
    format!(r#"{{"owner":"{owner}","createdAt":"{created_at}","ttl":{}}}"#, ttl.as_nanos())
}

/// Long over.
pub fn expired(owner: &str) -> String {
    record(owner, "2020-03-25T10:00:00Z", Duration::from_secs(10))
}
