//! Where objects are kept.

use crate::kinds::Kind;

/// The kept place of an object; in its order are lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) group: String,
    pub(crate) plural: String,
    /// Empty for kinds that know no namespaces.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// The objects of a kind: in a namespace, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collection {
    group: String,
    plural: String,
    namespace: Option<String>,
}

impl Key {
    pub(crate) fn new(kind: &Kind, namespace: &str, name: &str) -> Self {
        Self {
            group: kind.group.clone(),
            plural: kind.plural.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// As etcd would have it.
    pub(crate) fn storage_path(&self, kind: &Kind) -> String {
        let of_group = kind.is_custom || kind.group == "apiextensions.k8s.io";
        let parts =
            [if of_group { &*self.group } else { "" }, &self.plural, &self.namespace, &self.name];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("/registry/{}", parts.join("/"))
    }
}

impl Collection {
    /// Of one namespace, if it is given.
    pub(crate) fn new(kind: &Kind, namespace: Option<&str>) -> Self {
        Self {
            group: kind.group.clone(),
            plural: kind.plural.clone(),
            namespace: namespace.map(str::to_owned),
        }
    }

    /// Before all its objects.
    pub(crate) fn start(&self) -> Key {
        Key {
            group: self.group.clone(),
            plural: self.plural.clone(),
            namespace: self.namespace.clone().unwrap_or_default(),
            name: String::new(),
        }
    }

    pub(crate) fn contains(&self, key: &Key) -> bool {
        self.group == key.group
            && self.plural == key.plural
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace)
    }
}
