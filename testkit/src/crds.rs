use std::time::{Duration, Instant};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ListParams, PostParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind, GroupVersionResource};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::Cluster;

const GROUP: &str = "kubelock-test.example.org";
const ESTABLISHED_LIMIT: Duration = Duration::from_mins(1);

/// A namespaced custom resource, with a `spec` of anything and the subresource `status`.
pub fn widgets() -> GroupVersionResource {
    GroupVersionResource::gvr(GROUP, "v1", "widgets")
}

/// A cluster-scoped custom resource, else as [`widgets`].
pub fn gadgets() -> GroupVersionResource {
    GroupVersionResource::gvr(GROUP, "v1", "gadgets")
}

pub(crate) fn widget_resource() -> ApiResource {
    resource("Widget", "widgets")
}

pub(crate) fn gadget_resource() -> ApiResource {
    resource("Gadget", "gadgets")
}

fn resource(kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(GROUP, "v1", kind), plural)
}

impl Cluster {
    /// Makes [`widgets`] and [`gadgets`] known to the API server, and waits until they are.
    ///
    /// # Panics
    /// When the API server refuses, or takes a minute.
    pub async fn ensure_crds(&self) {
        ensure_crds(&self.client().await).await;
    }
}

/// The same for whatever server this client reaches.
///
/// # Panics
/// When it refuses, or takes a minute.
pub async fn ensure_crds(client: &Client) {
    for (resource, scope) in [(widget_resource(), "Namespaced"), (gadget_resource(), "Cluster")] {
        create_definition(client, &resource, scope).await;
        wait_until_served(client, &resource).await;
    }
}

#[expect(clippy::panic, reason = "a test without its resource can only fail")]
async fn create_definition(client: &Client, resource: &ApiResource, scope: &str) {
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    let definition = serde_json::from_value(definition(resource, scope)).unwrap_or_default();
    match definitions.create(&PostParams::default(), &definition).await {
        Err(kube::Error::Api(status)) if status.is_already_exists() => {}
        Err(error) => panic!("cannot create the definition of {}: {error}", resource.plural),
        Ok(_) => {}
    }
}

/// A definition that is established may be served a moment later.
async fn wait_until_served(client: &Client, resource: &ApiResource) {
    let objects = Api::<DynamicObject>::all_with(client.clone(), resource);
    let deadline = Instant::now() + ESTABLISHED_LIMIT;
    while let Err(error) = objects.list_metadata(&ListParams::default().limit(1)).await {
        assert!(Instant::now() < deadline, "{} are not served: {error}", resource.plural);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn definition(resource: &ApiResource, scope: &str) -> Value {
    let (plural, kind) = (&resource.plural, &resource.kind);
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({
        "type": "object",
        "properties": {"spec": anything, "status": anything},
    });
    json!({
        "metadata": {"name": format!("{plural}.{GROUP}")},
        "spec": {
            "group": GROUP,
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": schema},
                "subresources": {"status": {}},
            }],
        },
    })
}
