//! The kinds that every cluster has, known without asking it.

mod table;

use kube::core::GroupVersionResource;

use crate::kind::Kind;
use crate::target::TypeName;
pub(crate) use table::{BuiltIn, all};

/// The Lease, which carries every lock that names no object.
pub(crate) fn lease() -> Kind {
    Kind {
        gvr: GroupVersionResource::gvr("coordination.k8s.io", "v1", "leases"),
        name: "Lease".to_owned(),
        shown: "lease".to_owned(),
        namespaced: true,
    }
}

/// What the objects of other kinds live in.
pub(crate) fn namespace() -> Kind {
    Kind {
        gvr: GroupVersionResource::gvr("", "v1", "namespaces"),
        name: "Namespace".to_owned(),
        shown: "namespace".to_owned(),
        namespaced: false,
    }
}

/// The built-in kind that a person means, if it is one.
pub(crate) fn find(name: &TypeName) -> Option<Kind> {
    let matching = || all().filter(|kind| kind.answers_to(&name.resource));
    let found = match &name.group {
        None => matching().next(),
        // As kubectl: the group itself, else one that begins so (`ingresses.networking`).
        Some(group) => matching().find(|kind| kind.group == group).or_else(|| {
            matching().find(|kind| !group.is_empty() && kind.group.starts_with(group.as_str()))
        }),
    };
    found.map(|kind| kind.at_version(name.version.as_deref()))
}

/// The built-in kind that discovery offers so, at the version that it offers.
pub(crate) fn known(group: &str, version: &str, plural: &str) -> Option<Kind> {
    let found = all().find(|kind| kind.group == group && kind.plural == plural);
    found.map(|kind| kind.at_version(Some(version)))
}

impl BuiltIn {
    fn answers_to(self, word: &str) -> bool {
        self.plural == word || self.kind.eq_ignore_ascii_case(word) || self.short.contains(&word)
    }

    /// All that it is called, in lower case.
    pub(crate) fn names(self) -> Vec<String> {
        let short = self.short.iter().map(|name| (*name).to_owned());
        [self.plural.to_owned(), self.singular()].into_iter().chain(short).collect()
    }

    pub(crate) fn singular(self) -> String {
        self.kind.to_ascii_lowercase()
    }

    fn at_version(self, version: Option<&str>) -> Kind {
        Kind {
            gvr: GroupVersionResource::gvr(
                self.group,
                version.unwrap_or(self.version),
                self.plural,
            ),
            name: self.kind.to_owned(),
            shown: self.shown(),
            namespaced: self.namespaced,
        }
    }

    /// What `--on` takes for it.
    pub(crate) fn shown(self) -> String {
        let first = all().find(|kind| kind.answers_to(&self.singular()));
        if first.is_some_and(|first| first.group == self.group) {
            self.singular()
        } else {
            format!("{}.{}", self.singular(), self.group)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(spelled: &str) -> Option<String> {
        let kind = find(&TypeName::parse(spelled).unwrap())?;
        let GroupVersionResource { group, version, resource, .. } = &kind.gvr;
        Some(format!("{} = {group}/{version}/{resource}", kind.shown))
    }

    #[test]
    fn kinds_go_by_plural_singular_short_name_and_any_case() {
        for spelled in ["configmaps", "configmap", "cm", "ConfigMap", "CM", "configmaps.v1."] {
            assert_eq!(found(spelled).as_deref(), Some("configmap = /v1/configmaps"), "{spelled}");
        }
    }

    #[test]
    fn a_group_is_named_whole_or_by_its_beginning() {
        for spelled in ["deployments.apps", "deploy.apps", "deployments.v1.apps", "deployment.app"]
        {
            assert_eq!(
                found(spelled).as_deref(),
                Some("deployment = apps/v1/deployments"),
                "{spelled}"
            );
        }
        assert_eq!(
            found("ingresses.networking").as_deref(),
            Some("ingress = networking.k8s.io/v1/ingresses")
        );
        assert_eq!(found("deployments.extensions"), None);
    }

    #[test]
    fn a_version_that_is_named_is_the_one_that_is_used() {
        assert_eq!(
            found("hpa.v1.autoscaling").as_deref(),
            Some("horizontalpodautoscaler = autoscaling/v1/horizontalpodautoscalers")
        );
    }

    #[test]
    fn a_word_that_two_groups_share_means_the_first() {
        assert_eq!(found("events").as_deref(), Some("event = /v1/events"));
        assert_eq!(
            found("events.events.k8s.io").as_deref(),
            Some("event.events.k8s.io = events.k8s.io/v1/events")
        );
    }
}
