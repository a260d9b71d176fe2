//! What a path of the API names.

use percent_encoding::percent_decode_str;

/// A collection, one of its objects, or a part of that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResourcePath {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) namespace: Option<String>,
    /// Whether it leads through a namespace; a namespace's own path has one and does not.
    pub(crate) in_namespace: bool,
    /// Whether it is a path of old that means a watch: `/api/v1/watch/…`.
    pub(crate) is_watch: bool,
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
        let path = decoded(path);
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        match segments.as_slice() {
            ["api", version, rest @ ..] => Self::below("", version, rest),
            ["apis", group, version, rest @ ..] => Self::below(group, version, rest),
            _ => None,
        }
    }

    fn below(group: &str, version: &str, segments: &[&str]) -> Option<Self> {
        let (is_watch, segments) = match segments {
            ["watch", rest @ ..] => (true, rest),
            segments => (false, segments),
        };
        let (namespace, in_namespace, segments) = match segments {
            ["namespaces", namespace, rest @ ..] => {
                let is_in_it = rest.first().is_some_and(|next| !is_of_the_namespace(next));
                (Some((*namespace).to_owned()), is_in_it, if is_in_it { rest } else { segments })
            }
            segments => (None, false, segments),
        };
        let (plural, segments) = segments.split_first()?;
        let part = |at: usize| segments.get(at).map(|part| (*part).to_owned());
        let rest = segments.get(2..).unwrap_or_default();
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: (*plural).to_owned(),
            namespace,
            in_namespace,
            is_watch,
            name: part(0),
            subresource: part(1),
            rest: rest.iter().map(|part| (*part).to_owned()).collect(),
        })
    }
}

fn is_of_the_namespace(segment: &str) -> bool {
    NAMESPACE_SUBRESOURCES.contains(&segment)
}

fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
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
    fn a_path_is_decoded_before_it_is_split() {
        let path = ResourcePath::parse("/api/v1/namespaces/a/configmaps/%62%2Fc").unwrap();
        assert_eq!((path.name.as_deref(), path.subresource.as_deref()), (Some("b"), Some("c")));
    }

    #[test]
    fn a_path_of_old_means_a_watch() {
        let path = ResourcePath::parse("/api/v1/watch/namespaces/a/configmaps/b").unwrap();
        assert!(path.is_watch && path.in_namespace);
        assert_eq!(path.name.as_deref(), Some("b"));
    }
}
