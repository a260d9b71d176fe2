//! What the API server says of its kinds, in two forms.

use serde::Deserialize;

/// A kind that the cluster offers.
pub(super) struct Offered {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) resource: Resource,
}

/// What both forms of discovery say of a kind.
pub(super) struct Resource {
    pub(super) plural: String,
    pub(super) singular: String,
    pub(super) kind: String,
    pub(super) short: Vec<String>,
    pub(super) namespaced: bool,
    pub(super) verbs: Vec<String>,
}

impl Resource {
    pub(super) fn is_called(&self, word: &str) -> bool {
        [&self.plural, &self.singular, &self.kind]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(word))
    }

    pub(super) fn is_short(&self, word: &str) -> bool {
        self.short.iter().any(|name| name.eq_ignore_ascii_case(word))
    }

    /// All that it is called, in lower case.
    pub(super) fn names(&self) -> Vec<String> {
        let short = self.short.iter().map(|name| name.to_ascii_lowercase());
        [self.plural.to_ascii_lowercase(), self.singular()].into_iter().chain(short).collect()
    }

    /// Older servers leave the singular out of some resources.
    pub(super) fn singular(&self) -> String {
        if self.singular.is_empty() {
            self.kind.to_ascii_lowercase()
        } else {
            self.singular.clone()
        }
    }
}

/// The answer to `/apis/GROUP/VERSION`.
#[derive(Deserialize)]
pub(super) struct ResourceList {
    #[serde(default)]
    resources: Vec<ListedResource>,
}

impl ResourceList {
    /// Its kinds. Here their subresources stand beside them, as `widgets/status`, and may have the
    /// very same kind.
    pub(super) fn resources(self) -> impl Iterator<Item = Resource> {
        let is_kind = |listed: &ListedResource| !listed.name.contains('/');
        self.resources.into_iter().filter(is_kind).map(Resource::from)
    }
}

/// A kind in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedResource {
    name: String,
    #[serde(default)]
    singular_name: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    short_names: Vec<String>,
    #[serde(default)]
    namespaced: bool,
    #[serde(default)]
    verbs: Vec<String>,
}

impl From<ListedResource> for Resource {
    fn from(listed: ListedResource) -> Self {
        Self {
            plural: listed.name,
            singular: listed.singular_name,
            kind: listed.kind,
            short: listed.short_names,
            namespaced: listed.namespaced,
            verbs: listed.verbs,
        }
    }
}

/// The answer to `/apis`, aggregated.
#[derive(Deserialize)]
pub(super) struct GroupList {
    pub(super) kind: String,
    #[serde(default)]
    pub(super) items: Vec<Group>,
}

#[derive(Deserialize)]
pub(super) struct Group {
    #[serde(default)]
    metadata: Named,
    /// The preferred version first.
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize, Default)]
struct Named {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    #[serde(rename = "version")]
    name: String,
    /// `Stale` where it is of the past: the server behind it does not answer.
    #[serde(default)]
    freshness: String,
    #[serde(default)]
    resources: Vec<AggregatedResource>,
}

/// A kind in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AggregatedResource {
    resource: String,
    #[serde(default)]
    singular_resource: String,
    #[serde(default)]
    response_kind: ResponseKind,
    #[serde(default)]
    short_names: Vec<String>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize, Default)]
struct ResponseKind {
    #[serde(default)]
    kind: String,
}

impl From<AggregatedResource> for Resource {
    fn from(listed: AggregatedResource) -> Self {
        Self {
            plural: listed.resource,
            singular: listed.singular_resource,
            kind: listed.response_kind.kind,
            short: listed.short_names,
            namespaced: listed.scope == "Namespaced",
            verbs: listed.verbs,
        }
    }
}

impl Group {
    /// Versions of which the API server knows nothing, not even from the past.
    pub(super) fn silent(&self) -> impl Iterator<Item = String> {
        let is_silent =
            |version: &&Version| version.freshness == "Stale" && version.resources.is_empty();
        let name = |version: &Version| format!("{}/{}", self.metadata.name, version.name);
        self.versions.iter().filter(is_silent).map(name)
    }

    pub(super) fn offered(self) -> impl Iterator<Item = Offered> {
        let group = self.metadata.name;
        self.versions.into_iter().flat_map(move |version| {
            let group = group.clone();
            let name = version.name;
            version.resources.into_iter().map(move |resource| Offered {
                group: group.clone(),
                version: name.clone(),
                resource: resource.into(),
            })
        })
    }
}
