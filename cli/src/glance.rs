//! A look at the names of objects, and of the locks on them: one page of metadata.

use std::collections::BTreeMap;

use kubelock::PathSegment;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::Connection;
use crate::deadline::Deadline;
use crate::kind::Kind;
use crate::query::Query;

/// More names than anybody reads.
const PAGE: usize = 500;
const LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
const ONE: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

#[derive(Deserialize)]
struct List {
    /// Of an empty list of metadata, the API server says `null`.
    items: Option<Vec<Object>>,
}

/// An object, as far as it matters here.
#[derive(Deserialize)]
pub(crate) struct Object {
    pub(crate) metadata: Metadata,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Metadata {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Object {
    /// The locks on it, by name, with what stands in their annotations.
    pub(crate) fn locks<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.metadata.annotations.iter().filter_map(move |(key, value)| {
            let lock = key.strip_prefix(prefix)?.strip_prefix('/')?;
            Some((lock, value.as_str()))
        })
    }
}

/// The first objects of a kind; `None` where they cannot be had, for whatever reason.
pub(crate) async fn list(
    kind: &Kind,
    namespace: &str,
    connection: &Connection,
    deadline: Deadline,
) -> Option<Vec<Object>> {
    let path = format!("{}?limit={PAGE}", collection(kind, namespace)?);
    let list: List = answer(Query::get(path).accepting(LIST), connection, deadline).await?;
    Some(list.items.unwrap_or_default())
}

/// One object.
pub(crate) async fn one(
    kind: &Kind,
    namespace: &str,
    name: &str,
    connection: &Connection,
    deadline: Deadline,
) -> Option<Object> {
    let path = format!("{}/{}", collection(kind, namespace)?, PathSegment::object(name).ok()?);
    answer(Query::get(path).accepting(ONE), connection, deadline).await
}

fn collection(kind: &Kind, namespace: &str) -> Option<String> {
    let gvr = &kind.gvr;
    let group = match gvr.group.as_str() {
        "" => format!("/api/{}", gvr.version),
        group => format!("/apis/{group}/{}", gvr.version),
    };
    if !kind.namespaced {
        return Some(format!("{group}/{}", gvr.resource));
    }
    let namespace = PathSegment::namespace(namespace).ok()?;
    Some(format!("{group}/namespaces/{namespace}/{}", gvr.resource))
}

async fn answer<T: DeserializeOwned>(
    query: Query,
    connection: &Connection,
    deadline: Deadline,
) -> Option<T> {
    query.send(connection, deadline).await.ok()?.answer.ok()
}
