//! Candidates from the cluster: metadata alone, page by page, as far as the time reaches.

use std::ffi::OsStr;
use std::time::Duration;

use clap_complete::CompletionCandidate;
use kubelock::{Prefix, Record};

use super::typed::Typed;
use crate::client::{self, Connection};
use crate::deadline::Deadline;
use crate::glance::{self, Metadata, Object};
use crate::kind::Kind;
use crate::output::text;
use crate::target::{Carrier, TypeName};
use crate::{discovery, kinds};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// On Leases that this program makes.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kubelock");

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
    let namespace = &connection.namespace;
    let object = glance::one(&kind, namespace, object.as_str(), connection, deadline).await?;
    Some(records(&object, typed).iter().map(|(lock, value)| candidate(lock, value)).collect())
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
        let own = records(lease, typed).into_iter().find(|(lock, _)| lock == name);
        let is_ours = labels.get(MANAGED_BY.0).is_some_and(|by| by == MANAGED_BY.1);
        match own {
            Some((lock, value)) => Some(candidate(&lock, &value)),
            None if wants_free && is_ours => Some(CompletionCandidate::new(name)),
            None => None,
        }
    };
    Some(leases.iter().filter_map(of_lease).collect())
}

/// The locks on an object, by name, with what stands in their annotations.
fn records(object: &Object, typed: &Typed) -> Vec<(String, String)> {
    let prefix = typed.prefix.clone().unwrap_or_else(|| Prefix::default().as_str().to_owned());
    object.locks(&prefix).map(|(lock, value)| (lock.to_owned(), value.to_owned())).collect()
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
        None => discovery::find(connection, deadline, name, None).await.ok(),
    }
}

/// All objects of a kind, or those that come in time.
async fn list(kind: &Kind, connection: &Connection, deadline: Deadline) -> Option<Vec<Object>> {
    glance::all(kind, &connection.namespace, connection, deadline).await
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
