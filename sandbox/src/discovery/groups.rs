//! All groups with their versions, in the order in which clients are to prefer them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::kinds::{Kind, StatusSubresource};
use crate::reviews;

/// The groups of Kubernetes itself in its own order; custom ones follow by name.
const ORDER: [&str; 14] = [
    "",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
];

/// In order.
pub(super) struct Groups(Vec<Group>);

pub(super) struct Group {
    pub(super) name: String,
    /// The preferred one first.
    pub(super) versions: Vec<Version>,
}

pub(super) struct Version {
    pub(super) group: String,
    pub(super) name: String,
    pub(super) resources: Vec<Resource>,
}

/// What is told of a kind.
pub(super) struct Resource {
    pub(super) plural: String,
    pub(super) singular: String,
    pub(super) kind: String,
    pub(super) namespaced: bool,
    pub(super) verbs: Vec<String>,
    pub(super) short_names: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) has_status: bool,
    pub(super) is_custom: bool,
}

impl Groups {
    pub(super) fn of<'a>(kinds: impl Iterator<Item = &'a Kind>) -> Self {
        let mut versions: BTreeMap<(String, String), Vec<Resource>> = BTreeMap::new();
        for kind in kinds {
            let version = (kind.group.clone(), kind.version.clone());
            versions.entry(version).or_default().push(Resource::of(kind));
        }
        for (group, resource) in reviews::KINDS.map(Resource::of_review) {
            versions.entry((group.to_owned(), "v1".to_owned())).or_default().push(resource);
        }
        Self::sorted(versions)
    }

    fn sorted(versions: BTreeMap<(String, String), Vec<Resource>>) -> Self {
        let mut groups: BTreeMap<String, Vec<Version>> = BTreeMap::new();
        for ((group, name), mut resources) in versions {
            resources.sort_by(|one, other| one.plural.cmp(&other.plural));
            let version = Version { group: group.clone(), name, resources };
            groups.entry(group).or_default().push(version);
        }
        let mut groups: Vec<Group> =
            groups.into_iter().map(|(name, versions)| Group::of(name, versions)).collect();
        groups.sort_by_key(|group| place(&group.name));
        Self(groups)
    }

    pub(super) fn group(&self, name: &str) -> Option<&Group> {
        self.0.iter().find(|group| group.name == name && !name.is_empty())
    }

    pub(super) fn version(&self, group: &str, version: &str) -> Option<&Version> {
        let group = self.0.iter().find(|it| it.name == group)?;
        group.versions.iter().find(|it| it.name == version)
    }

    /// All but the core group.
    pub(super) fn named(&self) -> impl Iterator<Item = &Group> {
        self.0.iter().filter(|group| !group.name.is_empty())
    }

    pub(super) fn core(&self) -> impl Iterator<Item = &Group> {
        self.0.iter().filter(|group| group.name.is_empty())
    }

    pub(super) fn versions(&self) -> impl Iterator<Item = &Version> {
        self.0.iter().flat_map(|group| &group.versions)
    }
}

/// Those that the order does not name come behind, by name.
fn place(group: &str) -> (usize, String) {
    let known = ORDER.iter().position(|known| *known == group);
    let is_kubernetes = !group.contains('.') || group.ends_with(".k8s.io");
    let behind = if is_kubernetes { ORDER.len() } else { ORDER.len() + 1 };
    (known.unwrap_or(behind), group.to_owned())
}

impl Group {
    fn of(name: String, mut versions: Vec<Version>) -> Self {
        versions.sort_by_key(|version| Reverse(priority(&version.name)));
        Self { name, versions }
    }
}

impl Version {
    /// As objects write it.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.group, self.name)
        }
    }

    /// The path below the server's address.
    pub(super) fn path(&self) -> String {
        if self.group.is_empty() {
            format!("api/{}", self.name)
        } else {
            format!("apis/{}/{}", self.group, self.name)
        }
    }
}

impl Resource {
    fn of(kind: &Kind) -> Self {
        Self {
            plural: kind.plural.clone(),
            singular: kind.singular.clone(),
            kind: kind.kind.clone(),
            namespaced: kind.namespaced,
            verbs: kind.verbs().into_iter().map(str::to_owned).collect(),
            short_names: kind.short_names.clone(),
            categories: kind.categories.clone(),
            has_status: kind.status != StatusSubresource::Absent,
            is_custom: kind.is_custom,
        }
    }

    fn of_review((group, kind): (&'static str, &'static str)) -> (&'static str, Self) {
        let singular = kind.to_lowercase();
        let resource = Self {
            plural: format!("{singular}s"),
            singular,
            kind: kind.to_owned(),
            namespaced: kind.starts_with("Local"),
            verbs: vec!["create".to_owned()],
            short_names: Vec::new(),
            categories: Vec::new(),
            has_status: false,
            is_custom: false,
        };
        (group, resource)
    }
}

/// Stable versions before betas before alphas, large numbers before small ones, others last.
fn priority(version: &str) -> (u8, u32, u32, Reverse<String>) {
    let parsed = version.strip_prefix('v').and_then(|rest| {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let (major, stage) = rest.split_at(digits);
        let (rank, minor) = match stage {
            "" => (3, 0),
            stage => match (stage.strip_prefix("beta"), stage.strip_prefix("alpha")) {
                (Some(minor), _) => (2, minor.parse().ok()?),
                (_, Some(minor)) => (1, minor.parse().ok()?),
                _ => return None,
            },
        };
        Some((rank, major.parse().ok()?, minor))
    });
    let (rank, major, minor) = parsed.unwrap_or((0, 0, 0));
    (rank, major, minor, Reverse(version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_how_stable_they_are() {
        let mut versions = ["v1alpha1", "foo", "v2", "v1beta2", "v10", "v1beta1", "bar", "v1"];
        versions.sort_by_key(|version| Reverse(priority(version)));
        assert_eq!(versions, ["v10", "v2", "v1", "v1beta2", "v1beta1", "v1alpha1", "bar", "foo"]);
    }

    #[test]
    fn kubernetes_own_groups_come_first_in_its_own_order() {
        let mut groups = ["example.org", "node.k8s.io", "batch", "a.org", "apps", ""];
        groups.sort_by_key(|group| place(group));
        assert_eq!(groups, ["", "apps", "batch", "node.k8s.io", "a.org", "example.org"]);
    }
}
