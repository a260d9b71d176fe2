//! The stable form for programs: every number has its unit in its name, times are RFC 3339.

use kubelock::Timestamp;
use serde::Serialize;

use super::text;
use super::view::{State, View};
use crate::failure::Failure;

/// Changes when a field changes its meaning or goes away, not when one is added.
pub(crate) const API_VERSION: &str = "kubelock/v1";

/// One lock.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lock<'a> {
    api_version: &'static str,
    kind: &'static str,
    #[serde(rename = "lock")]
    name: &'a str,
    on: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    malformed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_nanoseconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acquired_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    seen_at: String,
    annotation: &'a str,
    object: Object<'a>,
}

/// The object that carries the lock, as the API names it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    group: &'a str,
    version: &'a str,
    resource: &'a str,
    name: &'a str,
    uid: &'a str,
    resource_version: &'a str,
}

/// What a list begins with, and what it is called.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListHead {
    api_version: &'static str,
    kind: &'static str,
}

pub(super) const LIST: ListHead = ListHead { api_version: API_VERSION, kind: "LockList" };

pub(super) fn lock(view: &View) -> Lock<'_> {
    let record = view.state.record();
    Lock {
        api_version: API_VERSION,
        kind: "Lock",
        name: &view.lock,
        on: &view.on,
        namespace: view.namespace.as_deref(),
        state: view.state.word(),
        malformed: malformed(&view.state),
        owner: record.map(|record| record.owner.as_str()),
        created_at: record.map(|record| rfc_3339(record.created_at)),
        expires_at: record.map(|record| rfc_3339(record.expires_at())),
        ttl_nanoseconds: record.map(|record| record.ttl_nanos),
        age_seconds: view.age().map(|age| age.as_secs()),
        expires_in_seconds: view.left().map(|left| left.as_secs()),
        hold: record.and_then(|record| record.hold.as_ref()).map(ToString::to_string),
        acquired_at: record.and_then(|record| record.acquired_at).map(rfc_3339),
        host: record.and_then(|record| record.host.as_deref()),
        pid: record.and_then(|record| record.pid),
        reason: record.and_then(|record| record.reason.as_deref()),
        seen_at: view.seen_at.to_string(),
        annotation: &view.annotation,
        object: object(view),
    }
}

/// The nearest time that RFC 3339 can tell: it knows the years 0 to 9999.
pub(super) fn rfc_3339(time: Timestamp) -> String {
    const SECOND: i128 = 1_000_000_000;
    let first = Timestamp::from_unix_nanos(-62_167_219_200 * SECOND);
    let last = Timestamp::from_unix_nanos(253_402_300_800 * SECOND - 1);
    time.clamp(first, last).to_string()
}

/// Why there is no record in an annotation that should have one.
fn malformed(state: &State) -> Option<String> {
    let State::Malformed(malformed) = state else { return None };
    let why = malformed.to_string();
    Some(why.strip_prefix("malformed record: ").map(str::to_owned).unwrap_or(why))
}

fn object(view: &View) -> Object<'_> {
    Object {
        group: &view.gvr.group,
        version: &view.gvr.version,
        resource: &view.gvr.resource,
        name: &view.object,
        uid: &view.uid,
        resource_version: &view.resource_version,
    }
}

/// Over several lines, as people read it.
pub(super) fn json(document: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(document).map_err(|error| unwritable(&error))?;
    Ok(format!("{}\n", text::escaped_json(&text)))
}

/// On one line, as programs read it.
pub(super) fn json_line(document: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(document).map_err(|error| unwritable(&error))?;
    Ok(format!("{}\n", text::escaped_json(&text)))
}

pub(super) fn yaml(document: &impl Serialize) -> Result<String, Failure> {
    let text = super::yaml::to_string(document).map_err(|error| unwritable(error.as_ref()))?;
    Ok(if text.ends_with('\n') { text } else { format!("{text}\n") })
}

fn unwritable(error: &dyn std::error::Error) -> Failure {
    Failure::failed(format!("cannot write the document: {error}"))
}
