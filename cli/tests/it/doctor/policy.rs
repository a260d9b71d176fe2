//! An admission policy for the configmaps of a namespace.

use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};

use crate::space::Space;

/// A policy and its binding, in force once the API server has seen them.
pub(crate) struct Policy {
    kind: &'static str,
    name: String,
}

impl Policy {
    /// One that denies every change.
    pub(crate) fn that_denies(space: &Space) -> Self {
        let spec = json!({
            "validations": [{ "expression": "false", "message": "the policy says no", "reason": "Invalid" }],
        });
        let binding = json!({ "validationActions": ["Deny"] });
        Self::create(space, "ValidatingAdmissionPolicy", spec, binding)
    }

    /// One that puts another record in the place of each.
    pub(crate) fn that_alters(space: &Space) -> Self {
        let expression = "Object{metadata: Object.metadata{annotations: \
             {'kubelock.giantswarm.io/schema': 'altered'}}}";
        let spec = json!({
            "mutations": [{ "patchType": "ApplyConfiguration", "applyConfiguration": { "expression": expression } }],
            "failurePolicy": "Fail", "reinvocationPolicy": "Never",
        });
        Self::create(space, "MutatingAdmissionPolicy", spec, json!({}))
    }

    fn create(space: &Space, kind: &'static str, mut spec: Value, mut binding: Value) -> Self {
        let name = space.namespace.clone();
        spec["matchConstraints"] = json!({
            "resourceRules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["configmaps"] }],
        });
        binding["policyName"] = json!(name);
        binding["matchResources"] = json!({
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": name } },
        });
        for (kind, spec) in [(kind.to_owned(), spec), (format!("{kind}Binding"), binding)] {
            let object = json!({ "metadata": { "name": name }, "spec": spec });
            let object: DynamicObject = serde_json::from_value(object).unwrap();
            space.with(async |client| {
                api(client, &kind).create(&PostParams::default(), &object).await.unwrap();
            });
        }
        Self { kind, name }
    }

    pub(crate) fn delete(self, space: &Space) {
        for kind in [format!("{}Binding", self.kind), self.kind.to_owned()] {
            space.with(async |client| {
                api(client, &kind).delete(&self.name, &DeleteParams::default()).await.unwrap();
            });
        }
    }
}

fn api(client: kube::Client, kind: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
    let mut resource = ApiResource::from_gvk(&kind);
    resource.plural = resource.plural.replace("policys", "policies");
    Api::all_with(client, &resource)
}
