//! Everything a server remembers.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::key::Key;
use crate::kinds::{Kind, Kinds};
use crate::path::ResourcePath;
use crate::status::Status;
use crate::store::Store;
use crate::uids::Uids;
use crate::users::{User, Users};
use crate::{rbac, verbs};

pub(crate) struct State {
    pub(crate) kinds: Kinds,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) uids: Uids,
    pub(crate) users: Users,
}

impl State {
    pub(crate) fn new(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self {
            kinds: Kinds::built_in(),
            store: Store::new(),
            clock: Clock::new(clock),
            uids: Uids::default(),
            users: Users::default(),
        }
    }

    /// What a new server has: namespaces, and a few objects to try things on.
    pub(crate) fn seed(&mut self) {
        for namespace in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            self.seed_one(&format!("/api/v1/namespaces/{namespace}"), json!({}));
        }
        let app = json!({ "data": { "greeting": "hello" } });
        self.seed_one("/api/v1/namespaces/default/configmaps/app", app);
        self.seed_one("/api/v1/namespaces/kube-system/configmaps/kube-proxy", json!({}));
        for (path, role) in rbac::defaults::objects() {
            self.seed_one(&path, role);
        }
        self.users.add(User::administrator());
    }

    fn seed_one(&mut self, path: &str, object: Value) {
        let stored = verbs::direct::put(self, path, object);
        debug_assert!(stored.is_ok(), "{path}: {stored:?}");
    }

    /// The kind that a path is of.
    pub(crate) fn kind_of(&self, path: &ResourcePath) -> Result<&Kind, Status> {
        let kind = self.kinds.find(&path.group, &path.version, &path.plural);
        kind.ok_or_else(Status::no_such_resource)
    }

    /// Whether objects can be created in it: refused where it is missing or about to go.
    pub(crate) fn check_namespace(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
    ) -> Result<(), Status> {
        if !kind.namespaced {
            return Ok(());
        }
        let namespaces =
            self.kinds.find("", "v1", "namespaces").ok_or_else(Status::no_such_resource)?;
        let Some(found) = self.store.get(&Key::new(namespaces, "", namespace)) else {
            return Err(Status::not_found(namespaces, namespace));
        };
        if found["status"]["phase"] != "Terminating" {
            return Ok(());
        }
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        );
        let cause = json!({
            "reason": "NamespaceTerminating", "field": "metadata.namespace",
            "message": format!("namespace {namespace} is being terminated"),
        });
        Err(Status::forbidden(kind, name, &why).with_cause(&cause))
    }
}
