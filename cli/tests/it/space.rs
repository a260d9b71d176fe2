//! A namespace of a real cluster, for one test.

use std::collections::BTreeMap;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use testkit::Cluster;

use crate::process::{Kubelock, Outcome};

/// A namespace, and the program pointed at its cluster.
pub(crate) struct Space {
    pub(crate) cluster: &'static Cluster,
    pub(crate) namespace: String,
}

impl Space {
    /// `None` where the tests were told to do without a cluster.
    pub(crate) fn new(hint: &str) -> Option<Self> {
        let cluster = testkit::cluster()?;
        Some(Self { cluster, namespace: block_on(cluster.namespace(hint)) })
    }

    /// The program as this cluster's administrator, in this namespace.
    pub(crate) fn kubelock(&self, args: &[&str]) -> Kubelock {
        Kubelock::new(args)
            .quiet_args(&["-n", &self.namespace])
            .env("KUBECONFIG", self.cluster.kubeconfig())
    }

    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        self.kubelock(args).run()
    }

    /// The transcript with the namespace called `NS`.
    pub(crate) fn transcript(&self, outcome: &Outcome) -> String {
        outcome.transcript().replace(&self.namespace, "NS")
    }

    /// Runs line after line, each of which must end with its code.
    pub(crate) fn play(&self, lines: &[(i32, &[&str])]) -> String {
        let mut text = String::new();
        for (code, line) in lines {
            let outcome = self.run(line);
            text.push_str(&self.transcript(&outcome));
            assert_eq!(outcome.code, Some(*code), "{text}");
        }
        text
    }

    /// A `ConfigMap` whose annotations others wrote.
    pub(crate) fn configmap(&self, name: &str, annotations: &[(&str, &str)]) {
        let annotations: BTreeMap<_, _> = annotations.iter().copied().collect();
        let object = json!({"metadata": {"name": name, "annotations": annotations}});
        let object: ConfigMap = serde_json::from_value(object).unwrap();
        self.with(async |client| {
            let api: Api<ConfigMap> = Api::namespaced(client, &self.namespace);
            api.create(&PostParams::default(), &object).await.unwrap();
        });
    }

    /// Overwrites one annotation of a `ConfigMap`.
    pub(crate) fn annotate(&self, name: &str, key: &str, value: &str) {
        let patch = json!({"metadata": {"annotations": {key: value}}});
        self.with(async |client| {
            let api: Api<ConfigMap> = Api::namespaced(client, &self.namespace);
            api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
        });
    }

    /// Lets this user do what one rule of a Role says, in this namespace.
    pub(crate) fn grant(&self, user: &str, allowed: &Value) {
        let role = json!({"metadata": {"name": user}, "rules": [allowed]});
        let binding = json!({
            "metadata": {"name": user},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": user},
            "subjects": [
                {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user},
            ],
        });
        let (role, binding): (Role, RoleBinding) =
            (serde_json::from_value(role).unwrap(), serde_json::from_value(binding).unwrap());
        self.with(async |client| {
            let params = PostParams::default();
            let roles: Api<Role> = Api::namespaced(client.clone(), &self.namespace);
            roles.create(&params, &role).await.unwrap();
            let bindings: Api<RoleBinding> = Api::namespaced(client, &self.namespace);
            bindings.create(&params, &binding).await.unwrap();
        });
    }

    pub(crate) fn lease(&self, name: &str) -> Lease {
        self.with(async |client| {
            Api::<Lease>::namespaced(client, &self.namespace).get(name).await.unwrap()
        })
    }

    /// Does something with a client of its own.
    pub(crate) fn with<T>(&self, work: impl AsyncFnOnce(Client) -> T) -> T {
        block_on(async { work(self.cluster.client().await).await })
    }
}

/// A client belongs to the runtime it was made in.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
