//! Users who may do what a test grants them, and nothing else.

use std::time::{Duration, Instant};

use k8s_openapi::api::authorization::v1::SubjectAccessReview;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};

use crate::space::Space;

/// How long an API server may take to learn of a role.
const PATIENCE: Duration = Duration::from_secs(30);

impl Space {
    /// A new user of this name's own, with these rules in the test's namespace.
    pub(crate) fn user(&self, rules: &Value) -> String {
        let user = format!("user-of-{}", self.namespace);
        let role = json!({"metadata": {"name": "granted"}, "rules": rules});
        let binding = json!({
            "metadata": {"name": "granted"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "granted"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        });
        self.with(async |client| {
            let api: Api<Role> = Api::namespaced(client.clone(), &self.namespace);
            let role = serde_json::from_value(role).unwrap();
            api.create(&PostParams::default(), &role).await.unwrap();
            let bindings: Api<RoleBinding> = Api::namespaced(client, &self.namespace);
            let binding = serde_json::from_value(binding).unwrap();
            bindings.create(&PostParams::default(), &binding).await.unwrap();
        });
        for rule in rules.as_array().unwrap() {
            let words = |field: &str, at: usize| rule[field][at].as_str().unwrap_or_default();
            self.until_allowed(
                &user,
                &json!({
                    "namespace": self.namespace, "group": words("apiGroups", 0),
                    "resource": words("resources", 0), "verb": words("verbs", 0),
                    "name": words("resourceNames", 0),
                }),
                true,
            );
        }
        user
    }

    /// Waits until the API server knows whether this user may do this.
    pub(crate) fn until_allowed(&self, user: &str, attributes: &Value, wanted: bool) {
        let review = json!({"spec": {"user": user, "resourceAttributes": attributes}});
        let review: SubjectAccessReview = serde_json::from_value(review).unwrap();
        let give_up = Instant::now() + PATIENCE;
        self.with(async |client| {
            let reviews: Api<SubjectAccessReview> = Api::all(client);
            loop {
                let answer = reviews.create(&PostParams::default(), &review).await.unwrap();
                if answer.status.is_some_and(|status| status.allowed == wanted) {
                    return;
                }
                assert!(Instant::now() < give_up, "{user}: {attributes} is not {wanted}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
}
