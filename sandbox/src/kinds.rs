//! The kinds that are served.

mod built_in;
mod custom;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::event;

/// What a write to the subresource `status` of a kind changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusSubresource {
    /// There is none: `ConfigMap`s, Leases, Secrets.
    Absent,
    /// The status and the metadata: built-in kinds.
    WithMetadata,
    /// The status alone: custom kinds.
    StatusOnly,
}

/// Which names the objects of a kind may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// Lower case, dots and dashes.
    Subdomain,
    /// The same without dots.
    Label,
    /// The same, and beginning with a letter.
    OldLabel,
    /// Whatever can be a part of a path.
    PathSegment,
}

/// What not all kinds do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// `metadata.generation` counts the changes of what is wanted.
    CountsGenerations,
    /// An update has to say which version it is of.
    NeedsVersion,
    /// An update of what is not there creates it.
    CreatesByPut,
    /// A deletion answers with what it deleted.
    ReturnsDeleted,
    /// Not all of a collection can be deleted at once.
    KeepsCollection,
    /// Nothing depends on its objects: no deletion waits for what does.
    HasNoDependents,
}

/// A kind of objects: how it is called, and what its objects are like.
#[derive(Debug, Clone, PartialEq)]
pub struct Kind {
    /// Empty for the core group.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
    /// As objects say it: `ConfigMap`.
    pub kind: String,
    /// As paths say it: `configmaps`.
    pub plural: String,
    /// As people say it: `configmap`.
    pub singular: String,
    /// As people in a hurry say it: `cm`.
    pub short_names: Vec<String>,
    /// Groups of kinds it belongs to: `all`.
    pub categories: Vec<String>,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// What the subresource `status` does.
    pub status: StatusSubresource,
    /// Whether it is no part of Kubernetes itself.
    pub is_custom: bool,
    /// The columns that its definition adds to a table, as it has them.
    pub(crate) printer_columns: Vec<Value>,
    /// Of custom kinds, where their definition has one.
    pub(crate) schema: Option<Value>,
    /// As lists say it: `ConfigMapList`.
    pub(crate) list: String,
    /// As whose its objects are kept: its own, unless two groups serve the same objects.
    pub(crate) kept_group: String,
    pub(crate) names: NameRule,
    pub(crate) habits: Vec<Habit>,
}

impl Kind {
    /// A custom kind in namespaces, without a status: `Kind::custom("example.org", "v1", "Widget", "widgets")`.
    pub fn custom(group: &str, version: &str, kind: &str, plural: &str) -> Self {
        Self {
            is_custom: true,
            habits: vec![Habit::CountsGenerations, Habit::NeedsVersion],
            ..Self::built_in(group, version, kind, plural)
        }
    }

    fn built_in(group: &str, version: &str, kind: &str, plural: &str) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            singular: kind.to_lowercase(),
            short_names: Vec::new(),
            categories: Vec::new(),
            namespaced: true,
            status: StatusSubresource::Absent,
            is_custom: false,
            printer_columns: Vec::new(),
            schema: None,
            list: format!("{kind}List"),
            kept_group: group.to_owned(),
            names: NameRule::Subdomain,
            habits: Vec::new(),
        }
    }

    /// Its objects are in no namespace.
    #[must_use]
    pub fn cluster_scoped(self) -> Self {
        Self { namespaced: false, ..self }
    }

    /// It has the subresource `status`, which changes what such ones change.
    #[must_use]
    pub fn with_status(self) -> Self {
        let status = if self.is_custom {
            StatusSubresource::StatusOnly
        } else {
            StatusSubresource::WithMetadata
        };
        Self { status, ..self }
    }

    /// It is also called so.
    #[must_use]
    pub fn short(self, names: &[&str]) -> Self {
        Self { short_names: names.iter().map(|&name| name.to_owned()).collect(), ..self }
    }

    pub(crate) fn has(&self, habit: Habit) -> bool {
        self.habits.contains(&habit)
    }

    /// As objects name their group and version.
    pub fn api_version(&self) -> String {
        self.api_version_in(&self.group)
    }

    /// As kept objects name them.
    pub(crate) fn kept_api_version(&self) -> String {
        self.api_version_in(&self.kept_group)
    }

    fn api_version_in(&self, group: &str) -> String {
        if group.is_empty() { self.version.clone() } else { format!("{group}/{}", self.version) }
    }

    /// A kept object as this kind has it.
    pub(crate) fn served(&self, kept: &Arc<Value>) -> Arc<Value> {
        let api_version = self.api_version();
        if kept["apiVersion"] == api_version.as_str() {
            return kept.clone();
        }
        let mut object = Value::clone(kept);
        object["apiVersion"] = json!(api_version);
        event::serve(self, &mut object);
        Arc::new(object)
    }

    /// As the server's words have it: `leases.coordination.k8s.io`.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.clone()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// As the real server's own code calls the group.
    pub(crate) fn internal_group(&self) -> &str {
        let first = self.kept_group.split('.').next().unwrap_or_default();
        if first.is_empty() { "core" } else { first }
    }

    /// What can be done to it, in the words of discovery.
    pub fn verbs(&self) -> Vec<&'static str> {
        let all =
            ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
        let can = |verb: &&str| *verb != "deletecollection" || !self.has(Habit::KeepsCollection);
        all.into_iter().filter(can).collect()
    }
}

/// All of them: the built-in ones first.
#[derive(Debug, Clone)]
pub(crate) struct Kinds {
    kinds: Vec<Kind>,
}

impl Kinds {
    pub(crate) fn built_in() -> Self {
        Self { kinds: built_in::kinds() }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.iter()
    }

    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Kind> {
        let is_it =
            |kind: &&Kind| kind.plural == plural && kind.group == group && kind.version == version;
        self.kinds.iter().find(is_it)
    }

    /// Whether Kubernetes itself has kinds of this group.
    pub(crate) fn has_built_in_group(&self, group: &str) -> bool {
        self.kinds.iter().any(|kind| kind.group == group && !kind.is_custom)
    }

    /// Adds a kind, or replaces the one that is called so.
    pub(crate) fn declare(&mut self, kind: Kind) {
        self.kinds.retain(|known| {
            (&known.group, &known.version, &known.plural)
                != (&kind.group, &kind.version, &kind.plural)
        });
        self.kinds.push(kind);
    }

    /// Makes the custom kinds of a `CustomResourceDefinition` known, and no others of its name.
    pub(crate) fn define(&mut self, definition: &Value) {
        self.undefine(definition);
        for kind in custom::kinds(definition) {
            self.declare(kind);
        }
    }

    /// The kinds of a definition are served no more.
    pub(crate) fn undefine(&mut self, definition: &Value) {
        let (group, plural) = custom::names(definition);
        self.kinds.retain(|kind| !(kind.is_custom && kind.group == group && kind.plural == plural));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition() -> Value {
        json!({ "spec": {
            "group": "example.org", "scope": "Cluster",
            "names": { "plural": "gadgets", "kind": "Gadget", "shortNames": ["gd"] },
            "versions": [
                { "name": "v1", "served": true, "storage": true, "subresources": { "status": {} } },
                { "name": "v1beta1", "served": true, "storage": false },
                { "name": "v1alpha1", "served": false, "storage": false },
            ],
        } })
    }

    #[test]
    fn a_definition_makes_its_served_versions_known_until_it_is_gone() {
        let mut kinds = Kinds::built_in();
        let before = kinds.iter().count();
        kinds.define(&definition());
        let gadget = kinds.find("example.org", "v1", "gadgets").unwrap();
        assert_eq!((gadget.namespaced, gadget.status), (false, StatusSubresource::StatusOnly));
        assert_eq!((&*gadget.singular, &*gadget.short_names), ("gadget", &["gd".to_owned()][..]));
        assert!(kinds.find("example.org", "v1beta1", "gadgets").is_some());
        assert!(kinds.find("example.org", "v1alpha1", "gadgets").is_none());
        kinds.undefine(&definition());
        assert_eq!(kinds.iter().count(), before);
    }

    #[test]
    fn no_two_built_in_kinds_share_their_path() {
        let kinds = Kinds::built_in();
        for kind in kinds.iter() {
            assert_eq!(kinds.find(&kind.group, &kind.version, &kind.plural), Some(kind));
        }
    }
}
