//! The server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use kube::Client;
use serde_json::Value;
use tokio::sync::watch;

use crate::kinds::Kind;
use crate::service::Service;
use crate::state::State;
use crate::status::Status;
use crate::verbs::direct;

/// A Kubernetes API in memory. Clones are the same server.
#[derive(Clone)]
pub struct Sandbox {
    state: Arc<Mutex<State>>,
    changed: watch::Sender<()>,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// A server with the namespaces of a new cluster and the config map `app` in `default`.
    pub fn new() -> Self {
        Self::with_clock(SystemTime::now)
    }

    /// The same, whose time comes from elsewhere.
    pub fn with_clock(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let mut state = State::new(clock);
        state.seed();
        Self { state: Arc::new(Mutex::new(state)), changed: watch::Sender::new(()) }
    }

    /// Answers requests.
    pub fn service(&self) -> Service {
        Service::new(self.clone())
    }

    /// A client of the administrator, which sends each request once. It needs a runtime.
    pub fn client(&self) -> Client {
        Client::new(self.service(), "default")
    }

    /// Stores an object at its path, be there one or not, and returns it as stored.
    ///
    /// What the path says and the server decides need not be given: `{}` will do. A namespace
    /// that is missing is made.
    pub fn put(&self, path: &str, object: Value) -> Result<Value, Status> {
        self.change(|state| direct::put(state, path, object))
    }

    /// The object at a path.
    pub fn get(&self, path: &str) -> Option<Value> {
        direct::get(&self.state(), path).ok()
    }

    /// The object is gone at once, whatever its finalizers, and returned as it was last.
    pub fn remove(&self, path: &str) -> Result<Value, Status> {
        self.change(|state| direct::remove(state, path))
    }

    /// The `resourceVersion` of the last write.
    pub fn resource_version(&self) -> u64 {
        self.state().store.version()
    }

    /// Forgets what happened before the last write: watches and pages of lists from before it
    /// are answered with 410.
    pub fn compact(&self) {
        self.change(|state| state.store.compact());
    }

    /// Serves a custom kind that has no `CustomResourceDefinition`.
    pub fn declare(&self, kind: Kind) {
        self.state().kinds.declare(kind);
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something that watches may have to tell.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let done = change(&mut self.state());
        self.changed.send_replace(());
        done
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const APP: &str = "/api/v1/namespaces/default/configmaps/app";

    #[test]
    fn a_new_server_has_its_namespaces_and_something_to_try() {
        let server = Sandbox::new();
        for namespace in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            let found = server.get(&format!("/api/v1/namespaces/{namespace}")).unwrap();
            assert_eq!(found["status"]["phase"], "Active");
        }
        assert_eq!(server.get(APP).unwrap()["data"]["greeting"], "hello");
    }

    #[test]
    fn what_is_put_is_there_until_it_is_removed() {
        let server = Sandbox::new();
        let path = "/apis/apps/v1/namespaces/new/deployments/app";
        let object = json!({ "spec": { "replicas": 1 }, "status": { "replicas": 1 } });
        let put = server.put(path, object.clone()).unwrap();
        assert_eq!(server.get(path), Some(put.clone()));
        assert_eq!((&put["spec"], &put["status"]), (&object["spec"], &object["status"]));
        assert_eq!(server.resource_version().to_string(), put["metadata"]["resourceVersion"]);

        server.remove(path).unwrap();
        assert_eq!(server.get(path), None);
        assert_eq!(server.remove(path).unwrap_err().reason(), "NotFound");
        assert_ne!(server.put(path, object).unwrap()["metadata"]["uid"], put["metadata"]["uid"]);
    }

    #[test]
    fn what_is_put_unchanged_keeps_its_version() {
        let server = Sandbox::new();
        let (found, before) = (server.get(APP).unwrap(), server.resource_version());
        assert_eq!(server.put(APP, found.clone()).unwrap(), found);
        assert_eq!(server.resource_version(), before);
    }

    #[test]
    fn what_is_no_objects_path_is_refused() {
        let server = Sandbox::new();
        for path in ["/version", "/api/v1/namespaces/default/configmaps", "/api/v1/configmaps/app"]
        {
            assert_eq!(server.put(path, json!({})).unwrap_err().code(), 400, "{path}");
        }
        let unknown = "/apis/example.org/v1/namespaces/default/widgets/app";
        assert_eq!(server.put(unknown, json!({})).unwrap_err().code(), 404);
        server.declare(Kind::custom("example.org", "v1", "Widget", "widgets"));
        assert_eq!(server.put(unknown, json!({})).unwrap()["kind"], "Widget");
    }

    #[tokio::test]
    async fn a_client_sees_what_was_put() {
        use kube::api::{DynamicObject, Patch, PatchParams};
        use kube::core::{ApiResource, GroupVersionKind};

        let server = Sandbox::new();
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
        let api = kube::Api::<DynamicObject>::namespaced_with(server.client(), "default", &kind);
        assert_eq!(api.get("app").await.unwrap().data["data"]["greeting"], "hello");
        let change = Patch::Merge(json!({ "data": { "greeting": "goodbye" } }));
        api.patch("app", &PatchParams::default(), &change).await.unwrap();
        assert_eq!(server.get(APP).unwrap()["data"]["greeting"], "goodbye");
        assert_eq!(api.list(&kube::api::ListParams::default()).await.unwrap().items.len(), 1);
    }
}
