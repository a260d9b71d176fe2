//! Webhooks and policies that deny with whatever status they like.

use std::time::Duration;

use kube::api::{Api, DeleteParams, PostParams};
use kubelock::{Error, Lock};
use serde_json::json;
use testkit::webhook::Webhook;

use crate::support::{KEY, PATCH, Stage, acquire, release};

const CODES: [u16; 5] = [403, 404, 409, 422, 500];
/// Two refused writes, two reads, and what a 403 and a first contact may add.
const REQUESTS_MAX: usize = 7;

#[tokio::test]
async fn a_webhooks_denial_is_a_refusal_in_its_words_whatever_status_it_carries() {
    let Some(stage) = Stage::new("webhook").await else { return };
    let webhook = Webhook::validating(&stage.admin, &stage.namespace).await;
    let lock = stage.lock();
    for code in CODES {
        webhook.deny(code);
        stage.wire.take_sent();
        let error = lock.acquire("app", acquire("alice")).await.unwrap_err();
        assert_refused(&error, code);
        let sent = stage.wire.take_sent();
        assert!(sent.len() <= REQUESTS_MAX, "{code}: {sent:?}");
        assert_eq!(stage.value().await, None, "{code}");

        webhook.allow();
        let acquired = lock.acquire("app", acquire("alice")).await.unwrap();
        assert!(
            stage.wire.take_methods().iter().all(|method| *method == PATCH),
            "{code}: no lasting switch to PUT"
        );

        webhook.deny(code);
        let error = lock.release("app", release("alice")).await.unwrap_err();
        assert_refused(&error, code);
        assert_eq!(stage.value().await, Some(acquired.record().encode()), "{code}");
        webhook.allow();
        acquired.release().await.unwrap();
    }
    webhook.stop(&stage.admin).await;
}

fn assert_refused(error: &Error, code: u16) {
    let words = error.to_string();
    assert!(error.is_refused() && words.contains("the webhook says no"), "{code}: {words}");
    assert!(words.contains(&code.to_string()), "{code}: {words}");
}

#[tokio::test]
async fn a_webhook_that_alters_the_record_is_told_from_success() {
    let Some(stage) = Stage::new("webhook").await else { return };
    let webhook = Webhook::mutating(&stage.admin, &stage.namespace, KEY).await;
    let error = stage.lock().acquire("app", acquire("alice")).await.unwrap_err();
    assert!(matches!(error, Error::Altered { .. }), "{error}");
    webhook.stop(&stage.admin).await;
}

#[tokio::test]
async fn a_policys_denial_is_a_refusal_in_its_words() {
    let Some(stage) = Stage::new("policy").await else { return };
    for (reason, code) in [("Forbidden", 403), ("Invalid", 422)] {
        let policy = Policy::deny(&stage, reason).await;
        let lock = stage.lock();
        let error = policy.first_refusal(&stage, &lock).await;
        assert!(error.to_string().contains("the policy says no"), "{reason}: {error}");
        assert!(error.to_string().contains(&code.to_string()), "{reason}: {error}");
        assert_eq!(stage.value().await, None, "{reason}");
        policy.delete().await;
        until_acquired(&lock).await;
        assert!(stage.wire.take_methods().last() == Some(&PATCH), "no lasting switch to PUT");
        lock.release("app", release("alice")).await.unwrap();
    }
}

async fn until_acquired(lock: &Lock) {
    for _ in 0..200 {
        if lock.acquire("app", acquire("alice")).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the policy was still in force after it was deleted");
}

/// A policy that denies every change of the stage's configmaps.
struct Policy {
    name: String,
    policies: Api<kube::api::DynamicObject>,
    bindings: Api<kube::api::DynamicObject>,
}

impl Policy {
    async fn deny(stage: &Stage, reason: &str) -> Self {
        let name = format!("deny-{}-{}", stage.namespace, reason.to_lowercase());
        let selector = json!({ "matchLabels": { "kubernetes.io/metadata.name": stage.namespace } });
        let policy = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": { "name": name },
            "spec": {
                "matchConstraints": { "resourceRules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["configmaps"] }] },
                "validations": [{ "expression": "false", "message": "the policy says no", "reason": reason }],
            },
        });
        let binding = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": { "name": name },
            "spec": { "policyName": name, "validationActions": ["Deny"], "matchResources": { "namespaceSelector": selector } },
        });
        let (policies, bindings) = (
            api(stage, "ValidatingAdmissionPolicy"),
            api(stage, "ValidatingAdmissionPolicyBinding"),
        );
        policies
            .create(&PostParams::default(), &serde_json::from_value(policy).unwrap())
            .await
            .unwrap();
        bindings
            .create(&PostParams::default(), &serde_json::from_value(binding).unwrap())
            .await
            .unwrap();
        Self { name, policies, bindings }
    }

    /// The API server learns of policies by watch: the first refusal once it has.
    async fn first_refusal(&self, stage: &Stage, lock: &Lock) -> Error {
        for _ in 0..200 {
            match lock.acquire("app", acquire("alice")).await {
                Ok(acquired) => {
                    if acquired.release().await.is_err() {
                        self.start_afresh(stage).await;
                    }
                }
                Err(error) => return error,
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the policy was not enforced within twenty seconds");
    }

    /// The policy came into force between an acquire and its release: a fresh object, then.
    async fn start_afresh(&self, stage: &Stage) {
        stage.configmaps().delete("app", &DeleteParams::default()).await.unwrap();
        stage.create_configmap("app", None).await;
    }

    async fn delete(&self) {
        self.bindings.delete(&self.name, &DeleteParams::default()).await.unwrap();
        self.policies.delete(&self.name, &DeleteParams::default()).await.unwrap();
    }
}

fn api(stage: &Stage, kind: &str) -> Api<kube::api::DynamicObject> {
    let gvk = kube::core::GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
    Api::all_with(stage.admin.clone(), &kube::core::ApiResource::from_gvk(&gvk))
}
