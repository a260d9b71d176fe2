//! What a path of the API names.

/// A collection, one of its objects, or a part of that.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) resource: String,
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
    pub(super) subresource: Option<String>,
    /// The path of the collection.
    pub(super) collection: String,
}

impl Target {
    /// `None` where no such path is served.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] => ("", version, rest),
            ["apis", group, version, rest @ ..] => (*group, version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let (resource, name, subresource) = match rest {
            [resource] => (resource, None, None),
            [resource, name] => (resource, Some(*name), None),
            [resource, name, subresource] => (resource, Some(*name), Some(*subresource)),
            _ => return None,
        };
        let below = rest.len() - 1;
        let collection = segments[..segments.len() - below].join("/");
        Some(Self {
            group: group.to_owned(),
            version: (*version).to_owned(),
            resource: (*resource).to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.map(str::to_owned),
            subresource: subresource.map(str::to_owned),
            collection: format!("/{collection}"),
        })
    }

    /// The object itself, without its part.
    pub(super) fn named(&self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), subresource: None, ..self.clone() }
    }

    /// The path of the object.
    pub(super) fn object_path(&self) -> String {
        format!("{}/{}", self.collection, self.name.as_deref().unwrap_or_default())
    }

    /// As objects name their group and version.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The kind, guessed from the plural; objects that say theirs keep it.
    pub(super) fn kind(&self) -> String {
        if self.resource == "configmaps" {
            return "ConfigMap".to_owned();
        }
        let singular = self.resource.strip_suffix('s').unwrap_or(&self.resource);
        let mut letters = singular.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    }

    /// The resource as the server's words have it.
    pub(super) fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }
}
