//! Where objects are kept.

use std::cmp::Ordering;

use crate::kinds::Kind;

/// The kept place of an object; in its order are lists.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl Ord for Key {
    /// As etcd has it: a namespace ends with a slash, which comes after a dash.
    fn cmp(&self, other: &Self) -> Ordering {
        let namespaces = |key: &'_ Self| key.namespace.bytes().chain([b'/']).collect::<Vec<_>>();
        (&self.group, &self.plural)
            .cmp(&(&other.group, &other.plural))
            .then_with(|| namespaces(self).cmp(&namespaces(other)))
            .then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Key {
    pub(crate) fn new(kind: &Kind, namespace: &str, name: &str) -> Self {
        Self {
            group: kind.kept_group.clone(),
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
            group: kind.kept_group.clone(),
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

    /// Where an object is in it: its name, or its namespace and its name.
    pub(crate) fn path_of(&self, key: &Key) -> String {
        if self.namespace.is_some() || key.namespace.is_empty() {
            return key.name.clone();
        }
        format!("{}/{}", key.namespace, key.name)
    }

    pub(crate) fn contains(&self, key: &Key) -> bool {
        self.group == key.group
            && self.plural == key.plural
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace)
    }
}
