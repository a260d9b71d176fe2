//! A kind of object that can carry locks.

use kube::core::GroupVersionResource;

/// A kind, resolved: what to call, and how to show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    /// What the API calls it.
    pub(crate) gvr: GroupVersionResource,
    /// The kind as the API spells it: `ConfigMap`.
    pub(crate) name: String,
    /// The kind in lower case, with its group where the bare word would mean another kind.
    pub(crate) shown: String,
    /// Whether its objects live in a namespace.
    pub(crate) namespaced: bool,
}

impl Kind {
    /// The resource with its group, as RBAC rules and `kubectl auth can-i` spell it.
    pub(crate) fn resource(&self) -> String {
        let GroupVersionResource { group, resource, .. } = &self.gvr;
        if group.is_empty() { resource.clone() } else { format!("{resource}.{group}") }
    }
}
