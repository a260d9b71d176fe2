use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{ApiResource, DeleteParams, ListParams, PartialObjectMeta, PostParams};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::Cluster;
use crate::crds;

/// On what we create in clusters that are not ours.
const LABEL: &str = "kubelock-test";
/// No test run takes as long.
const LEFT_OVER_AFTER_SECONDS: i64 = 3600;

/// What tests need to find before they begin. Each of these panics when the API
/// server refuses.
impl Cluster {
    /// A new namespace; its name starts with the hint.
    ///
    /// On an existing cluster, those that runs of an hour ago left are deleted.
    pub async fn namespace(&self, hint: &str) -> String {
        let namespaces = Api::<Namespace>::all(self.client().await);
        if !self.is_ours() {
            delete_left_overs(&namespaces).await;
        }
        let namespace = json!({
            "metadata": {"generateName": format!("{hint}-"), "labels": {LABEL: ""}},
        });
        let namespace = serde_json::from_value(namespace).unwrap_or_default();
        accepted("create a namespace", namespaces.create(&PostParams::default(), &namespace).await)
            .name_any()
    }

    /// An empty configmap, made where it is missing.
    pub async fn ensure_configmap(&self, namespace: &str, name: &str) {
        self.ensure(&ApiResource::erase::<ConfigMap>(&()), Some(namespace), name).await;
    }

    /// A namespaced custom object in a new namespace; returns the names of both.
    pub async fn ensure_widget(&self, hint: &str) -> (String, &'static str) {
        const NAME: &str = "widget";
        self.ensure_crds().await;
        let namespace = self.namespace(hint).await;
        self.ensure(&crds::widget_resource(), Some(&namespace), NAME).await;
        (namespace, NAME)
    }

    /// A cluster-scoped custom object, made where it is missing.
    pub async fn ensure_gadget(&self, name: &str) {
        self.ensure_crds().await;
        self.ensure(&crds::gadget_resource(), None, name).await;
    }

    /// An empty object of any resource, made where it is missing; cluster-scoped
    /// ones have no namespace.
    pub async fn ensure(&self, resource: &ApiResource, namespace: Option<&str>, name: &str) {
        let client = self.client().await;
        let objects: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, resource),
            None => Api::all_with(client, resource),
        };
        let object = DynamicObject::new(name, resource);
        match objects.create(&PostParams::default(), &object).await {
            Err(kube::Error::Api(status)) if status.is_already_exists() => {}
            other => drop(accepted("create an object", other)),
        }
    }
}

/// Best effort: another run may be deleting the same.
async fn delete_left_overs(namespaces: &Api<Namespace>) {
    let Ok(found) = namespaces.list_metadata(&ListParams::default().labels(LABEL)).await else {
        return;
    };
    for namespace in found.into_iter().filter(is_left_over) {
        drop(namespaces.delete(&namespace.name_any(), &DeleteParams::default()).await);
    }
}

fn is_left_over(namespace: &PartialObjectMeta<Namespace>) -> bool {
    let created = namespace.metadata.creation_timestamp.as_ref();
    let now = k8s_openapi::jiff::Timestamp::now().as_second();
    created.is_some_and(|time| now - time.0.as_second() > LEFT_OVER_AFTER_SECONDS)
}

#[expect(clippy::panic, reason = "a test whose stage can't be set can only fail")]
fn accepted<T>(action: &str, outcome: kube::Result<T>) -> T {
    outcome.unwrap_or_else(|error| panic!("cannot {action}: {error}"))
}
