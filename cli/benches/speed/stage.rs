//! What the measurements share: objects, locks, a stopwatch.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ObjectMeta, PostParams};
use kube::core::GroupVersionResource;
use kube::{Api, Client};
use kubelock::{Config, HoldOptions, KubeLock, Lock, Wait};

/// Longer than any measurement.
const TTL: Duration = Duration::from_mins(10);

pub fn kube_lock(client: &Client) -> KubeLock {
    let gvr = GroupVersionResource::gvr("", "v1", "configmaps");
    let config = Config { client: client.clone(), gvr };
    KubeLock::new(config).expect("a valid kind").with_client_that_sends_once()
}

pub fn lock(client: &Client, namespace: &str) -> Lock {
    named_lock(&kube_lock(client), namespace, "bench")
}

pub fn named_lock(kube_lock: &KubeLock, namespace: &str, name: &str) -> Lock {
    kube_lock.lock(name).and_then(|lock| lock.namespace(namespace)).expect("valid names")
}

pub fn hold() -> HoldOptions {
    HoldOptions { owner: "bench".into(), ttl: TTL, ..Default::default() }
}

pub fn waiting() -> HoldOptions {
    HoldOptions { wait: Wait::Forever, ..hold() }
}

/// A configmap with an annotation, so that nobody ever needs to make the map.
pub async fn create(client: &Client, namespace: &str, name: &str) {
    let annotations = Some([("team".to_owned(), "bench".to_owned())].into());
    let metadata = ObjectMeta { name: Some(name.into()), annotations, ..ObjectMeta::default() };
    let object = ConfigMap { metadata, ..ConfigMap::default() };
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    api.create(&PostParams::default(), &object).await.expect("a new configmap");
}

pub async fn timed(work: impl Future<Output = ()>) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}
