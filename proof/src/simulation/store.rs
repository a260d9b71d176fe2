//! The object that carries the lock, and the store that it is in.

use std::time::SystemTime;

use http::{Request, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use testkit::scripted::ScriptedServer;
use tower::BoxError;

use super::link::Carried;

/// The annotation of the lock.
pub(crate) const LOCK: &str = "l";
pub(crate) const KEY: &str = "kubelock.giantswarm.io/l";

/// What carries the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Carrier {
    ConfigMap,
    /// A custom resource, whose status takes no annotations.
    Widget,
    /// A Lease that is made when it is missing.
    Lease,
}

impl Carrier {
    pub(crate) const ALL: [Self; 3] = [Self::ConfigMap, Self::Widget, Self::Lease];

    /// Group, version and plural.
    pub(crate) fn gvr(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::ConfigMap => ("", "v1", "configmaps"),
            Self::Widget => ("example.com", "v1", "widgets"),
            Self::Lease => ("coordination.k8s.io", "v1", "leases"),
        }
    }

    pub(crate) fn collection(self) -> &'static str {
        match self {
            Self::ConfigMap => "/api/v1/namespaces/default/configmaps",
            Self::Widget => "/apis/example.com/v1/namespaces/default/widgets",
            Self::Lease => "/apis/coordination.k8s.io/v1/namespaces/default/leases",
        }
    }

    pub(crate) fn path(self) -> String {
        format!("{}/app", self.collection())
    }

    /// The object as somebody makes it, with an annotation or none.
    pub(crate) fn new_object(self, annotations: Value) -> Value {
        let (group, version, _) = self.gvr();
        let api_version =
            if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        let kind = match self {
            Self::ConfigMap => "ConfigMap",
            Self::Widget => "Widget",
            Self::Lease => "Lease",
        };
        let metadata =
            json!({ "name": "app", "namespace": "default", "annotations": annotations });
        let mut object =
            json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata });
        match self {
            Self::ConfigMap => object["data"] = json!({ "motto": "x" }),
            Self::Widget => {
                object["spec"] = json!({ "log": [] });
                object["status"] = json!({ "log": [] });
            }
            Self::Lease => object["spec"] = json!({}),
        }
        object
    }
}

/// The one store behind all API servers.
#[derive(Clone)]
pub(crate) struct Store {
    server: ScriptedServer,
    client: Client,
}

impl Store {
    pub(crate) fn new(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let server = ScriptedServer::new();
        server.set_clock(clock);
        let client = server.client();
        Self { server, client }
    }

    pub(crate) async fn serve(
        &self,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Carried>, BoxError> {
        let answer = self.client.send(request.map(Body::from)).await?;
        Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.server.object(path)
    }

    pub(crate) fn put(&self, path: &str, object: Value) {
        self.server.put_object(path, object);
    }

    pub(crate) fn begin_deletion(&self, path: &str) {
        if self.get(path).is_some() {
            self.server.begin_deletion(path);
        }
    }

    pub(crate) fn remove(&self, path: &str) {
        if self.get(path).is_some() {
            self.server.delete(path);
        }
    }

    pub(crate) fn compact(&self) {
        self.server.compact();
    }
}
