//! The object that carries the lock, and the store that it is in.

use std::time::SystemTime;

use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use sandbox::{Kind, Sandbox};
use serde_json::{Value, json};
use tower::{BoxError, Service};

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
    pub(crate) fn new_object(self, annotations: &Value) -> Value {
        let (group, version, _) = self.gvr();
        let api_version =
            if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        let kind = match self {
            Self::ConfigMap => "ConfigMap",
            Self::Widget => "Widget",
            Self::Lease => "Lease",
        };
        let metadata = json!({ "name": "app", "namespace": "default", "annotations": annotations });
        let mut object = json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata });
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
    server: Sandbox,
}

impl Store {
    pub(crate) fn new(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let server = Sandbox::with_clock(clock);
        let (group, version, plural) = Carrier::Widget.gvr();
        server.declare(Kind::custom(group, version, "Widget", plural).with_status());
        Self { server }
    }

    pub(crate) async fn serve(
        &self,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Carried>, BoxError> {
        let request = request.map(Full::from);
        let answer = self.server.service().call(request).await?;
        Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.server.get(path)
    }

    /// Makes the object, or replaces it. What the server does not take is not stored.
    pub(crate) fn put(&self, path: &str, object: Value) {
        let _ = self.server.put(path, object);
    }

    /// The object has a finalizer, and is deleted.
    pub(crate) fn begin_deletion(&self, path: &str) {
        let Some(mut object) = self.get(path) else { return };
        object["metadata"]["finalizers"] = json!(["example.com/wait"]);
        self.put(path, object);
        let request = Request::delete(path).body(Full::<Bytes>::default());
        // It is answered at once.
        let _ = request.map(|request| self.server.service().call(request).now_or_never());
    }

    /// It is gone, if there is any.
    pub(crate) fn remove(&self, path: &str) {
        let _ = self.server.remove(path);
    }

    pub(crate) fn compact(&self) {
        self.server.compact();
    }
}
