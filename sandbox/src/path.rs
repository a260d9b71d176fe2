//! What a path of the API names.

use percent_encoding::percent_decode_str;

/// A collection, one of its objects, or a part of that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResourcePath {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
    /// What follows the subresource.
    pub(crate) rest: Vec<String>,
}

/// What follows the name of a namespace and is of the namespace itself.
const NAMESPACE_SUBRESOURCES: [&str; 2] = ["status", "finalize"];

impl ResourcePath {
    /// `None` where the path names no resource: `/version`, `/apis/apps/v1`.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        let segments: Vec<String> = path.split('/').map(decoded).collect();
        match segments.as_slice() {
            [api, version, rest @ ..] if api == "api" => Self::below("", version, rest),
            [apis, group, version, rest @ ..] if apis == "apis" => {
                Self::below(group, version, rest)
            }
            _ => None,
        }
    }

    fn below(group: &str, version: &str, segments: &[String]) -> Option<Self> {
        let (namespace, segments) = match segments {
            [namespaces, namespace, rest @ ..] if namespaces == "namespaces" => {
                let is_in_it = rest.first().is_some_and(|next| !is_of_the_namespace(next));
                (Some(namespace.clone()), if is_in_it { rest } else { segments })
            }
            segments => (None, segments),
        };
        let (plural, segments) = segments.split_first()?;
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.clone(),
            namespace,
            name: segments.first().cloned(),
            subresource: segments.get(1).cloned(),
            rest: segments.get(2..).unwrap_or_default().to_vec(),
        })
    }
}

fn is_of_the_namespace(segment: &str) -> bool {
    NAMESPACE_SUBRESOURCES.contains(&segment)
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(path: &str) -> Option<String> {
        let path = ResourcePath::parse(path)?;
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
        let ResourcePath { group, version, plural, namespace, name, subresource, .. } = &path;
        let parts = [part(namespace), part(name), part(subresource)].join(" ");
        Some(format!("{group:?} {version} {plural} {parts}"))
    }

    #[test]
    fn a_path_names_a_collection_an_object_or_its_part() {
        let said = |path: &str| words(path).unwrap();
        assert_eq!(said("/api/v1/configmaps"), r#""" v1 configmaps - - -"#);
        assert_eq!(said("/api/v1/namespaces/a/configmaps"), r#""" v1 configmaps a - -"#);
        assert_eq!(
            said("/apis/apps/v1/namespaces/a/deployments/b/status"),
            r#""apps" v1 deployments a b status"#
        );
    }

    #[test]
    fn a_namespace_is_in_itself() {
        let said = |path: &str| words(path).unwrap();
        assert_eq!(said("/api/v1/namespaces"), r#""" v1 namespaces - - -"#);
        assert_eq!(said("/api/v1/namespaces/a"), r#""" v1 namespaces a a -"#);
        assert_eq!(said("/api/v1/namespaces/a/status"), r#""" v1 namespaces a a status"#);
    }

    #[test]
    fn other_paths_name_no_resource() {
        for path in ["/", "/version", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1"] {
            assert_eq!(words(path), None, "{path}");
        }
    }

    #[test]
    fn segments_are_decoded() {
        let path = ResourcePath::parse("/api/v1/namespaces/a/configmaps/b%2Fc").unwrap();
        assert_eq!(path.name.as_deref(), Some("b/c"));
    }
}
