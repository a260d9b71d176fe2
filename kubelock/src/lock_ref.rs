//! Which lock on which object: what every message and span names.

use std::fmt;

use kube::core::GroupVersionResource;
use kubelock_core::name::{AnnotationKey, LockName, PathSegment};

/// One lock on one object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockRef {
    /// The lock's name.
    pub name: LockName,
    /// The annotation that carries it.
    pub key: AnnotationKey,
    /// The kind of the object.
    pub gvr: GroupVersionResource,
    /// The object's namespace; `None` for a cluster-scoped object.
    pub namespace: Option<PathSegment>,
    /// The object's name.
    pub object: PathSegment,
}

impl LockRef {
    /// The object as kubectl spells it: `configmaps/app`, `deployments.apps/web`.
    pub fn object_display(&self) -> String {
        let dot = if self.gvr.group.is_empty() { "" } else { "." };
        format!("{}{dot}{}/{}", self.gvr.resource, self.gvr.group, self.object)
    }
}

impl fmt::Display for LockRef {
    /// `lock "deploy" on configmaps/app in namespace ci`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lock \"{}\" on {}", self.name, self.object_display())?;
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => Ok(()),
        }
    }
}
