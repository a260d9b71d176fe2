//! An admission webhook of our own, over TLS on the loopback.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test without its webhook can only fail")]

mod serving;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use serving::Served;

const ALLOW: u16 = 0;
/// Any status, to see whether it comes.
const TRIAL: u16 = 418;
/// What it says when it denies.
const WORDS: &str = "the webhook says no";

/// A webhook in force for the changes of the config maps of one namespace.
///
/// To see whether it is asked, it is tried on the config map `app`, which has to be there.
pub struct Webhook {
    code: Arc<AtomicU16>,
    kind: &'static str,
    name: String,
}

/// The config map by which it is seen whether the webhook is asked.
struct Trial<'a> {
    client: &'a Client,
    namespace: &'a str,
}

/// What it does with a change that it is asked about.
#[derive(Clone)]
enum Manner {
    Deny,
    Alter { key: String },
}

impl Webhook {
    /// One that validates: it allows until it is told to deny.
    ///
    /// # Panics
    /// When the API server refuses it, or takes ten seconds to ask it. So does the other.
    pub async fn validating(client: &Client, namespace: &str) -> Self {
        let kind = "ValidatingWebhookConfiguration";
        let webhook = Self::register(client, namespace, kind, Manner::Deny).await;
        webhook.deny(TRIAL);
        let trial = Trial { client, namespace };
        until_in_force(async |count| trial.touch(count).await.is_err()).await;
        webhook.allow();
        webhook
    }

    /// One that writes `altered` over each annotation of this key that is written.
    pub async fn mutating(client: &Client, namespace: &str, key: &str) -> Self {
        let manner = Manner::Alter { key: key.to_owned() };
        let kind = "MutatingWebhookConfiguration";
        let webhook = Self::register(client, namespace, kind, manner).await;
        let trial = Trial { client, namespace };
        until_in_force(async |_| {
            let object = trial.annotate(key, Some("mine")).await;
            object.annotations()[key] == "altered"
        })
        .await;
        trial.annotate(key, None).await;
        webhook
    }

    /// Denies from now on, with this status.
    pub fn deny(&self, code: u16) {
        self.code.store(code, Ordering::SeqCst);
    }

    /// Allows from now on.
    pub fn allow(&self) {
        self.code.store(ALLOW, Ordering::SeqCst);
    }

    /// Takes it out of force.
    ///
    /// # Panics
    /// When the API server refuses that.
    pub async fn stop(self, client: &Client) {
        let api = configurations(client, self.kind);
        api.delete(&self.name, &DeleteParams::default()).await.unwrap();
    }

    async fn register(
        client: &Client,
        namespace: &str,
        kind: &'static str,
        manner: Manner,
    ) -> Self {
        let code = Arc::new(AtomicU16::new(ALLOW));
        let object = configuration(kind, namespace, &serving::serve(code.clone(), manner));
        let object = serde_json::from_value(object).unwrap();
        configurations(client, kind).create(&PostParams::default(), &object).await.unwrap();
        Self { code, kind, name: namespace.to_owned() }
    }
}

/// The API server learns of webhooks by watch: waits until it has.
async fn until_in_force(in_force: impl AsyncFn(usize) -> bool) {
    for count in 0..200 {
        if in_force(count).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the webhook was not asked within ten seconds");
}

impl Trial<'_> {
    /// A change that means nothing.
    async fn touch(&self, count: usize) -> Result<(), kube::Error> {
        self.patch(&json!({ "data": { "touched": count.to_string() } })).await.map(drop)
    }

    async fn annotate(&self, key: &str, value: Option<&str>) -> ConfigMap {
        self.patch(&json!({ "metadata": { "annotations": { key: value } } })).await.unwrap()
    }

    async fn patch(&self, patch: &Value) -> Result<ConfigMap, kube::Error> {
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), self.namespace);
        api.patch("app", &PatchParams::default(), &Patch::Merge(patch)).await
    }
}

/// By which the API server learns of it.
fn configuration(kind: &str, namespace: &str, served: &Served) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": { "name": namespace },
        "webhooks": [{
            "name": "webhook.kubelock.test",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "failurePolicy": "Fail",
            "clientConfig": {
                "url": format!("https://127.0.0.1:{}/", served.port),
                "caBundle": served.ca_bundle,
            },
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
            "rules": [{
                "apiGroups": [""], "apiVersions": ["v1"],
                "operations": ["UPDATE"], "resources": ["configmaps"],
            }],
        }],
    })
}

fn configurations(client: &Client, kind: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
    Api::all_with(client.clone(), &ApiResource::from_gvk(&kind))
}
