//! A look at the names of objects, and of the locks on them: metadata alone.

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
    #[serde(default)]
    metadata: ListMetadata,
    /// Of an empty list of metadata, the API server says `null`.
    items: Option<Vec<Object>>,
}

#[derive(Deserialize, Default)]
struct ListMetadata {
    #[serde(default, rename = "continue")]
    next: String,
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
    /// Roles and the like may have names that this program refuses.
    fn is_lockable(&self) -> bool {
        PathSegment::object(&self.metadata.name).is_ok()
    }

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

/// All objects of a kind that can carry locks, or those that come in time.
pub(crate) async fn all(
    kind: &Kind,
    namespace: &str,
    connection: &Connection,
    deadline: Deadline,
) -> Option<Vec<Object>> {
    let collection = collection(kind, namespace)?;
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let query = Query::get(format!("{collection}?limit={PAGE}{next}")).accepting(LIST);
        let Some(page) = answer::<List>(query, connection, deadline).await else {
            return (!found.is_empty()).then_some(found);
        };
        found.extend(page.items.into_iter().flatten().filter(Object::is_lockable));
        if page.metadata.next.is_empty() {
            return Some(found);
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        next = format!("&{}", query.append_pair("continue", &page.metadata.next).finish());
    }
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
    if !kind.namespaced {
        return Some(kind.path(None));
    }
    let namespace = PathSegment::namespace(namespace).ok()?;
    Some(kind.path(Some(namespace.as_str())))
}

async fn answer<T: DeserializeOwned>(
    query: Query,
    connection: &Connection,
    deadline: Deadline,
) -> Option<T> {
    query.send(connection, deadline).await.ok()?.answer.ok()
}
