//! A server, and a namespace of one's own on it.

mod answer;
mod definition;
mod object;
mod question;
mod watching;

use std::sync::OnceLock;

use ::sandbox::Sandbox;
use kube::Client;
use serde_json::{Value, json};
use testkit::ControlPlane;
use tokio::runtime::Handle;

pub use answer::Answer;
pub use definition::Defined;
pub use object::object;
use object::path;
pub use question::Question;
pub use watching::{Heard, Watching};

/// What a case has: requests are sent as they are, nothing is repeated.
///
/// Objects are named as in `configmaps/app`, which is one of the stage's own
/// namespace, or by their whole path; a query may follow.
pub struct Stage {
    client: Client,
    namespace: String,
}

impl Stage {
    /// On kube-apiserver; `None` where the environment asks for no tests on it.
    pub async fn real(case: &str) -> Option<Self> {
        let cluster = testkit::cluster()?;
        cluster.ensure_crds().await;
        Some(Self::on(cluster.client().await, case).await)
    }

    /// On a kube-apiserver that has forgotten what was before the stage.
    pub async fn real_and_forgetful(case: &str) -> Option<Self> {
        let control_plane = tokio::task::spawn_blocking(forgetful).await.unwrap()?;
        Some(Self::on(control_plane.client().await.unwrap(), case).await)
    }

    /// On a sandbox that has, too.
    pub async fn sandbox_and_forgetful(case: &str) -> Self {
        let sandbox = Sandbox::new();
        let stage = Self::on_sandbox(&sandbox, case).await;
        sandbox.compact();
        stage
    }

    /// On a sandbox of its own.
    pub async fn sandbox(case: &str) -> Self {
        Self::on_sandbox(&Sandbox::new(), case).await
    }

    /// On this sandbox.
    pub async fn on_sandbox(sandbox: &Sandbox, case: &str) -> Self {
        let client = sandbox.client();
        testkit::ensure_crds(&client).await;
        Self::on(client, case).await
    }

    /// The namespace's name says which case left it.
    async fn on(client: Client, case: &str) -> Self {
        let stage = Self { client, namespace: String::new() };
        let hint: String = case.replace('_', "-").chars().take(40).collect();
        let metadata =
            json!({ "generateName": format!("{hint}-"), "labels": { "kubelock-test": "" } });
        let namespace = stage.create("namespaces", json!({ "metadata": metadata })).await;
        let namespace = namespace["metadata"]["name"].as_str().unwrap().to_owned();
        Self { namespace, ..stage }
    }

    /// The namespace of this case alone. A good name for cluster-scoped objects, too.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The same namespace by another way to the server.
    pub fn with_client(&self, client: Client) -> Self {
        Self { client, namespace: self.namespace.clone() }
    }

    /// The administrator's client.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The path of `configmaps/app` or such.
    pub fn path(&self, what: &str) -> String {
        path(what, &self.namespace)
    }

    /// A request, to be completed and sent.
    pub fn ask(&self, method: &str, what: &str) -> Question {
        Question::new(self.client.clone(), method, &self.path(what))
    }

    pub async fn get(&self, what: &str) -> Answer {
        self.ask("GET", what).send().await
    }

    /// The object, which is there.
    pub async fn read(&self, what: &str) -> Value {
        self.get(what).await.ok()
    }

    pub async fn delete(&self, what: &str) -> Answer {
        self.ask("DELETE", what).send().await
    }

    pub async fn post(&self, what: &str, object: &Value) -> Answer {
        self.ask("POST", what).json(object).send().await
    }

    pub async fn put(&self, what: &str, object: &Value) -> Answer {
        self.ask("PUT", what).json(object).send().await
    }

    /// A new object of this resource, valid apart from what these fields say.
    pub async fn create(&self, resource: &str, fields: Value) -> Value {
        self.post(resource, &object(resource, fields)).await.created()
    }

    /// The same with nothing but a name.
    pub async fn create_named(&self, what: &str) -> Value {
        let (resource, name) = what.split_once('/').unwrap();
        self.create(resource, json!({ "metadata": { "name": name } })).await
    }

    pub async fn json_patch(&self, what: &str, operations: &Value) -> Answer {
        self.ask("PATCH", what).json_patch(&operations.to_string()).send().await
    }

    pub async fn merge_patch(&self, what: &str, fields: &Value) -> Answer {
        let patch = self.ask("PATCH", what).json(fields);
        patch.content_type("application/merge-patch+json").send().await
    }

    pub async fn strategic_patch(&self, what: &str, fields: &Value) -> Answer {
        let patch = self.ask("PATCH", what).json(fields);
        patch.content_type("application/strategic-merge-patch+json").send().await
    }

    /// An open watch.
    pub async fn watch(&self, what: &str) -> Watching {
        self.watch_as(what, "application/json").await
    }

    /// The same with events in this representation.
    pub async fn watch_as(&self, what: &str, accept: &str) -> Watching {
        let separator = if what.contains('?') { '&' } else { '?' };
        let ask = self.ask("GET", &format!("{what}{separator}watch=true"));
        Watching::open(ask.accept(accept)).await
    }
}

/// One for all cases that want it: it takes some seconds.
fn forgetful() -> Option<&'static ControlPlane> {
    static SHARED: OnceLock<Option<ControlPlane>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        let control_plane = testkit::control_plane()?;
        ensure_crds(&control_plane);
        control_plane.forget_history().unwrap();
        // It serves custom kinds a moment later than the others.
        ensure_crds(&control_plane);
        Some(control_plane)
    });
    shared.as_ref()
}

fn ensure_crds(control_plane: &ControlPlane) {
    Handle::current().block_on(async {
        testkit::ensure_crds(&control_plane.client().await.unwrap()).await;
    });
}
