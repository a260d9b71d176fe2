//! Leases that nobody uses: those that were deleted, or would be.

use kubelock::{IdleLease, Timestamp};
use serde::Serialize;

use super::{Format, age, document, print as write};
use crate::failure::Failure;

/// What became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Deleted,
    /// `--dry-run`.
    Planned,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    namespace: &'a str,
    name: &'a str,
    uid: &'a str,
    resource_version: &'a str,
    last_used_at: String,
    idle_seconds: u64,
    outcome: Outcome,
}

pub(crate) fn print(
    format: Format,
    leases: &[IdleLease],
    outcome: Outcome,
    now: Timestamp,
) -> Result<(), Failure> {
    let list = || List {
        api_version: document::API_VERSION,
        kind: "IdleLeaseList",
        items: leases.iter().map(|lease| item(lease, outcome, now)).collect(),
    };
    match format {
        Format::Json => write(&document::json(&list())?),
        Format::Yaml => write(&document::yaml(&list())?),
        Format::Name => write(&names(leases)),
        Format::Table | Format::Wide if leases.is_empty() => Ok(()),
        Format::Table | Format::Wide => write(&table(leases, now)),
    }
}

fn item(lease: &IdleLease, outcome: Outcome, now: Timestamp) -> Item<'_> {
    Item {
        namespace: &lease.namespace,
        name: &lease.name,
        uid: &lease.uid,
        resource_version: &lease.resource_version,
        last_used_at: document::rfc_3339(lease.last_used),
        idle_seconds: now.saturating_since(lease.last_used).as_secs(),
        outcome,
    }
}

fn names(leases: &[IdleLease]) -> String {
    leases.iter().flat_map(|lease| ["lease/", &lease.name, "\n"]).collect()
}

/// The API server lets only letters, digits, `-` and `.` into these names.
fn table(leases: &[IdleLease], now: Timestamp) -> String {
    let width = |header: &str, cell: fn(&IdleLease) -> &str| {
        leases.iter().map(|lease| cell(lease).len()).max().unwrap_or(0).max(header.len())
    };
    let namespaces = width("NAMESPACE", |lease| &lease.namespace);
    let names = width("LEASE", |lease| &lease.name);
    let line = |namespace: &str, name: &str, idle: &str| {
        format!("{namespace:<namespaces$}   {name:<names$}   {idle}\n")
    };
    let rows = leases.iter().map(|lease| {
        let idle = age::human(now.saturating_since(lease.last_used));
        line(&lease.namespace, &lease.name, &idle)
    });
    std::iter::once(line("NAMESPACE", "LEASE", "IDLE")).chain(rows).collect()
}
