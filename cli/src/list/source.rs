//! Where locks are looked for.

use std::sync::Arc;

use kubelock::{LockName, PathSegment};

use crate::kind::Kind;

/// Objects of one kind: in one namespace or in all, of some labels or one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) kind: Kind,
    /// `None`: everywhere, or in none.
    pub(crate) namespace: Option<String>,
    pub(crate) labels: Option<String>,
    pub(crate) object: Option<PathSegment>,
    /// The locks that were asked for; all of them if none is named.
    pub(crate) locks: Arc<[LockName]>,
    /// Nobody asked for this very kind: if it may not be listed, that is no failure.
    pub(crate) by_the_way: bool,
}

impl Source {
    pub(crate) fn wants(&self, lock: &LockName) -> bool {
        self.locks.is_empty() || self.locks.contains(lock)
    }

    /// `leases.coordination.k8s.io in namespace ci`, `configmap/app in namespace ci`, `nodes`.
    pub(crate) fn describe(&self) -> String {
        format!("{}{}", self.what(), self.place())
    }

    /// The same of several: `leases.coordination.k8s.io, configmaps in namespace ci`.
    pub(crate) fn describe_all(sources: &[Self]) -> String {
        let join = |words: Vec<String>| words.join(", ");
        match sources {
            [] => "no kind".to_owned(),
            [_, _, _, _, ..] => format!("any of {} kinds", sources.len()),
            [rest @ .., last] if rest.iter().all(|source| source.place() == last.place()) => {
                join(sources.iter().map(Self::what).collect()) + &last.place()
            }
            _ => join(sources.iter().map(Self::describe).collect()),
        }
    }

    fn what(&self) -> String {
        match &self.object {
            Some(object) => format!("{}/{object}", self.kind.shown),
            None => self.kind.resource(),
        }
    }

    fn place(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!(" in namespace {namespace}"),
            None if self.kind.namespaced => " in all namespaces".to_owned(),
            None => String::new(),
        }
    }

    /// The path of the collection, with what is asked of it.
    pub(super) fn uri(&self, more: &[(&str, &str)]) -> String {
        format!("{}?{}", self.kind.path(self.namespace.as_deref()), self.query(more))
    }

    fn query(&self, more: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(object) = &self.object {
            query.append_pair("fieldSelector", &format!("metadata.name={}", escaped(object)));
        }
        if let Some(labels) = &self.labels {
            query.append_pair("labelSelector", labels);
        }
        query.extend_pairs(more).finish()
    }
}

/// A value as field selectors take it. A name holds no backslash.
fn escaped(name: &PathSegment) -> String {
    name.as_str().replace(',', "\\,").replace('=', "\\=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    fn source(object: Option<&str>) -> Source {
        Source {
            kind: kinds::lease(),
            namespace: Some("ci".to_owned()),
            labels: Some("app in (a, b)".to_owned()),
            object: object.map(|name| PathSegment::object(name).unwrap()),
            locks: Arc::default(),
            by_the_way: false,
        }
    }

    #[test]
    fn what_is_asked_for_never_leaves_its_place_in_the_query() {
        assert_eq!(
            source(Some("a=b,c&d")).uri(&[("limit", "500"), ("continue", "a/b==")]),
            "/apis/coordination.k8s.io/v1/namespaces/ci/leases?fieldSelector=metadata.name%3Da%5C%3Db%5C%2Cc%26d\
             &labelSelector=app+in+%28a%2C+b%29&limit=500&continue=a%2Fb%3D%3D"
        );
    }

    #[test]
    fn a_source_is_described_by_what_is_listed_and_where() {
        assert_eq!(source(None).describe(), "leases.coordination.k8s.io in namespace ci");
        assert_eq!(source(Some("a")).describe(), "lease/a in namespace ci");
        let everywhere = Source { namespace: None, ..source(None) };
        assert_eq!(everywhere.describe(), "leases.coordination.k8s.io in all namespaces");
    }

    #[test]
    fn several_sources_share_the_words_for_their_place() {
        let (all, one) = (source(None), source(Some("a")));
        let everywhere = Source { namespace: None, ..source(None) };
        let described = |sources: &[&Source]| {
            Source::describe_all(&sources.iter().copied().cloned().collect::<Vec<_>>())
        };

        assert_eq!(described(&[&all, &one]), "leases.coordination.k8s.io, lease/a in namespace ci");
        assert_eq!(
            described(&[&one, &everywhere]),
            "lease/a in namespace ci, leases.coordination.k8s.io in all namespaces"
        );
        assert_eq!(described(&[&all, &one, &all, &one]), "any of 4 kinds");
    }
}
