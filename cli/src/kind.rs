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
        of_group(&self.gvr.resource, &self.gvr.group)
    }

    /// The path of its objects: those of a namespace, or all.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        let GroupVersionResource { group, version, resource, .. } = &self.gvr;
        let place = namespace.map(|name| format!("/namespaces/{name}")).unwrap_or_default();
        format!("{}{place}/{resource}", root(group, version))
    }
}

/// Where the API server serves the kinds of a version.
pub(crate) fn root(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") }
}

/// A plural or a singular with its group, if it has one: `widgets.example.org`.
pub(crate) fn of_group(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}
