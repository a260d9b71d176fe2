//! Candidates from the cluster: metadata alone, page by page, as far as the time reaches.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::time::Duration;

use clap_complete::CompletionCandidate;
use kubelock::{PathSegment, Prefix, Record};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::typed::Typed;
use crate::client::{self, Connection};
use crate::deadline::Deadline;
use crate::kind::Kind;
use crate::output::text;
use crate::query::Query;
use crate::target::{Carrier, TypeName};
use crate::{discovery, kinds};

const PAGE: usize = 500;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
const LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
const ONE: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
/// On Leases that this program makes.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kubelock");

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    metadata: ListMetadata,
    items: Vec<Object>,
}

#[derive(Deserialize, Default)]
struct ListMetadata {
    #[serde(default, rename = "continue")]
    next: String,
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata {
    name: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

/// Names of locks: on the object that was named, or those that have a Lease of their own.
pub(super) fn locks(typed: &Typed, word: &OsStr) -> Vec<CompletionCandidate> {
    let found = with_cluster(typed, async |connection, deadline| match typed.on.as_deref() {
        Some(on) => locks_on(on, typed, &connection, deadline).await,
        None => locks_of_leases(typed, &connection, deadline).await,
    });
    starting_with(found, word)
}

async fn locks_on(
    on: &str,
    typed: &Typed,
    connection: &Connection,
    deadline: Deadline,
) -> Option<Vec<CompletionCandidate>> {
    let carrier = Carrier::parse(Some(on)).ok()?;
    let Carrier::Object(name, object) = &carrier else { return None };
    let kind = kind(name, connection, deadline).await?;
    let path = format!("{}/{object}", collection(&kind, connection)?);
    let object: Object = answer(Query::get(path).accepting(ONE), connection, deadline).await?;
    Some(records(&object, typed).map(|(lock, value)| candidate(lock, value)).collect())
}

/// A free lock has a Lease all the same: it can be taken, not given back.
async fn locks_of_leases(
    typed: &Typed,
    connection: &Connection,
    deadline: Deadline,
) -> Option<Vec<CompletionCandidate>> {
    let wants_free = !matches!(typed.command.as_str(), "release" | "renew" | "break");
    let leases = list(&kinds::lease(), connection, deadline).await?;
    let of_lease = |lease: &Object| {
        let Metadata { name, labels, .. } = &lease.metadata;
        let own = records(lease, typed).find(|(lock, _)| *lock == name);
        let is_ours = labels.get(MANAGED_BY.0).is_some_and(|by| by == MANAGED_BY.1);
        match own {
            Some((lock, value)) => Some(candidate(lock, value)),
            None if wants_free && is_ours => Some(CompletionCandidate::new(name)),
            None => None,
        }
    };
    Some(leases.iter().filter_map(of_lease).collect())
}

/// The locks on an object, by name, with what stands in their annotations.
fn records<'a>(object: &'a Object, typed: &Typed) -> impl Iterator<Item = (&'a str, &'a str)> {
    let prefix = typed.prefix.clone().unwrap_or_else(|| Prefix::default().as_str().to_owned());
    object.metadata.annotations.iter().filter_map(move |(key, value)| {
        let lock = key.strip_prefix(&prefix)?.strip_prefix('/')?;
        Some((lock, value.as_str()))
    })
}

fn candidate(lock: &str, value: &str) -> CompletionCandidate {
    let owner = Record::decode(value).map(|record| text::owner(&record.owner));
    let help = owner.unwrap_or_else(|_| "malformed".to_owned());
    CompletionCandidate::new(lock).help(Some(help.into()))
}

/// `TYPE/`, then `TYPE/NAME`.
pub(super) fn objects(typed: &Typed, word: &OsStr) -> Vec<CompletionCandidate> {
    let word = word.to_string_lossy();
    let Some((spelled, _)) = word.split_once('/') else { return types(&word) };
    let found = with_cluster(typed, async |connection, deadline| {
        let kind = kind(&TypeName::parse(spelled).ok()?, &connection, deadline).await?;
        let objects = list(&kind, &connection, deadline).await?;
        let names = objects.iter().map(|object| format!("{spelled}/{}", object.metadata.name));
        Some(names.map(CompletionCandidate::new).collect())
    });
    starting_with(found, OsStr::new(&*word))
}

/// The built-in ones, each by the first of its names that fits: no request.
fn types(word: &str) -> Vec<CompletionCandidate> {
    let word = word.to_ascii_lowercase();
    kinds::all()
        .filter_map(|kind| {
            let singular = kind.singular();
            let mut names =
                [singular.as_str(), kind.plural].into_iter().chain(kind.short.iter().copied());
            let name = names.find(|name| name.starts_with(&word))?;
            Some(CompletionCandidate::new(format!("{name}/")))
        })
        .collect()
}

pub(super) fn namespaces(typed: &Typed, word: &OsStr) -> Vec<CompletionCandidate> {
    let found = with_cluster(typed, async |connection, deadline| {
        let kind = kinds::find(&TypeName::parse("namespaces").ok()?)?;
        let namespaces = list(&kind, &connection, deadline).await?;
        let names = namespaces.into_iter().map(|namespace| namespace.metadata.name);
        Some(names.map(CompletionCandidate::new).collect())
    });
    starting_with(found, word)
}

/// Those of the kubeconfig: no request, no credential plugin.
pub(super) fn contexts(typed: &Typed, word: &OsStr) -> Vec<CompletionCandidate> {
    let names = client::contexts(typed.kubeconfig()).unwrap_or_default();
    starting_with(Some(names.into_iter().map(CompletionCandidate::new).collect()), word)
}

async fn kind(name: &TypeName, connection: &Connection, deadline: Deadline) -> Option<Kind> {
    match kinds::find(name) {
        Some(kind) => Some(kind),
        None => discovery::find(connection, deadline, name).await.ok(),
    }
}

/// All objects of a kind, or those that come in time.
async fn list(kind: &Kind, connection: &Connection, deadline: Deadline) -> Option<Vec<Object>> {
    let collection = collection(kind, connection)?;
    let mut found = Vec::new();
    let mut next = String::new();
    loop {
        let path = format!("{collection}?limit={PAGE}{next}");
        let Some(page) =
            answer::<List>(Query::get(path).accepting(LIST), connection, deadline).await
        else {
            return (!found.is_empty()).then_some(found);
        };
        found.extend(page.items.into_iter().filter(is_lockable));
        if page.metadata.next.is_empty() {
            return Some(found);
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        next = format!("&{}", query.append_pair("continue", &page.metadata.next).finish());
    }
}

/// Roles and the like may have names that this program refuses.
fn is_lockable(object: &Object) -> bool {
    PathSegment::object(&object.metadata.name).is_ok()
}

fn collection(kind: &Kind, connection: &Connection) -> Option<String> {
    let gvr = &kind.gvr;
    let group = match gvr.group.as_str() {
        "" => format!("/api/{}", gvr.version),
        group => format!("/apis/{group}/{}", gvr.version),
    };
    if !kind.namespaced {
        return Some(format!("{group}/{}", gvr.resource));
    }
    let namespace = PathSegment::namespace(&connection.namespace).ok()?;
    Some(format!("{group}/namespaces/{namespace}/{}", gvr.resource))
}

async fn answer<T: DeserializeOwned>(
    query: Query,
    connection: &Connection,
    deadline: Deadline,
) -> Option<T> {
    query.send(connection, deadline).await.ok()?.answer.ok()
}

/// Whatever fails, there is nothing to be offered then.
fn with_cluster(
    typed: &Typed,
    work: impl AsyncFnOnce(Connection, Deadline) -> Option<Vec<CompletionCandidate>>,
) -> Option<Vec<CompletionCandidate>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let found = runtime.block_on(async {
        let connection = client::connect(&typed.cluster(REQUEST_TIMEOUT), false).ok()?;
        work(connection, Deadline::after(REQUEST_TIMEOUT)).await
    });
    runtime.shutdown_background();
    found
}

fn starting_with(
    found: Option<Vec<CompletionCandidate>>,
    word: &OsStr,
) -> Vec<CompletionCandidate> {
    let word = word.to_string_lossy();
    let fits = |it: &CompletionCandidate| it.get_value().to_string_lossy().starts_with(&*word);
    found.unwrap_or_default().into_iter().filter(fits).collect()
}
