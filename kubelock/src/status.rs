//! What an HTTP answer says, before anything is concluded from it.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use kubelock_core::answer::{ReadReply, Refusal, Sight, WriteReply};
use kubelock_core::timestamp::Timestamp;
use serde::Deserialize;

use crate::lock_ref::LockRef;

/// More of the server's words than this is not kept.
const WORDS_MAX: usize = 2_000;

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) code: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// False for what is told of a dry run.
    pub(crate) is_stored: bool,
}

/// What we read of an object.
#[derive(Deserialize, Clone)]
pub(crate) struct Object {
    metadata: Metadata,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    uid: String,
    /// Only what was not stored, in a dry run, has none.
    #[serde(default)]
    resource_version: String,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    deletion_timestamp: Option<String>,
}

impl Object {
    /// What it shows of a lock. `date` is that of the answer that it came with.
    pub(crate) fn sight(self, lock: &LockRef, date: Option<Timestamp>) -> Sight {
        let Metadata { uid, resource_version, annotations, deletion_timestamp } = self.metadata;
        let mut annotations = annotations.unwrap_or_default();
        let has_annotations = !annotations.is_empty();
        let value = annotations.remove(lock.key.as_str());
        let has_others = !annotations.is_empty();
        let is_terminating = deletion_timestamp.is_some();
        Sight { uid, resource_version, has_annotations, has_others, value, is_terminating, date }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    kind: String,
    reason: Option<String>,
    message: Option<String>,
    details: Option<Details>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    name: Option<String>,
    group: Option<String>,
    kind: Option<String>,
    causes: Option<Vec<serde_json::Value>>,
    retry_after_seconds: Option<u64>,
}

impl Answer {
    /// The server's time, cut to seconds.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        let text = self.headers.get(header::DATE)?.to_str().ok()?;
        httpdate::parse_http_date(text).ok().map(Timestamp::from)
    }

    /// What it means for a write.
    pub(crate) fn into_write_reply(self, lock: &LockRef) -> WriteReply {
        if self.code.is_success() {
            return self.sight(lock).map_or_else(WriteReply::Unanswered, WriteReply::Applied);
        }
        let refusal = self.refusal(lock);
        if leaves_it_open(self.code, &refusal) {
            WriteReply::Unanswered(words(&refusal))
        } else {
            WriteReply::Refused(refusal)
        }
    }

    /// What it means for a read.
    pub(crate) fn into_read_reply(self, lock: &LockRef) -> ReadReply {
        if self.code.is_success() {
            return self.sight(lock).map_or_else(ReadReply::Unanswered, ReadReply::Seen);
        }
        let refusal = self.refusal(lock);
        match self.code {
            _ if refusal.is_missing_object() => ReadReply::Missing,
            code if leaves_it_open(code, &refusal) => ReadReply::Unanswered(words(&refusal)),
            _ => ReadReply::Refused(refusal),
        }
    }

    fn sight(&self, lock: &LockRef) -> Result<Sight, String> {
        let object: Object = serde_json::from_slice(&self.body)
            .map_err(|error| format!("an answer that is no object: {error}"))?;
        if self.is_stored && object.metadata.resource_version.is_empty() {
            return Err("an answer that is no object: it has no resourceVersion".to_owned());
        }
        Ok(object.sight(lock, self.date()))
    }

    fn refusal(&self, lock: &LockRef) -> Refusal {
        let status = serde_json::from_slice::<Status>(&self.body)
            .ok()
            .filter(|status| status.kind == "Status")
            .unwrap_or_default();
        let details = status.details.unwrap_or_default();
        Refusal {
            code: self.code.as_u16(),
            reason: plain(&status.reason.unwrap_or_default()),
            message: plain(&status.message.unwrap_or_else(|| self.first_line())),
            has_causes: details.causes.as_ref().is_some_and(|causes| !causes.is_empty()),
            names_object: names(&details, lock),
            retry_after: self
                .retry_after()
                .or(details.retry_after_seconds.map(Duration::from_secs)),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
        text.parse().ok().map(Duration::from_secs)
    }

    fn first_line(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let line = text.lines().next().unwrap_or_default().trim();
        if line.is_empty() { self.code.to_string() } else { line.to_owned() }
    }
}

/// `503 Service Unavailable: etcd is away`: a refusal of which nothing else is told.
fn words(refusal: &Refusal) -> String {
    let Refusal { code, message, .. } = refusal;
    let code = StatusCode::from_u16(*code).map_or(code.to_string(), |code| code.to_string());
    if *message == code { code } else { format!("{code}: {message}") }
}

/// What went wrong with a write beside the lock itself: the server failed, was too busy, or was
/// not heard.
pub(crate) fn trouble_writing(reply: &WriteReply) -> Option<String> {
    match reply {
        WriteReply::Unanswered(words) | WriteReply::NotSent(words) => Some(words.clone()),
        WriteReply::Refused(refusal) => trouble(refusal),
        WriteReply::Applied(_) => None,
    }
}

/// The same of a read.
pub(crate) fn trouble_reading(reply: &ReadReply) -> Option<String> {
    match reply {
        ReadReply::Unanswered(words) => Some(words.clone()),
        ReadReply::Refused(refusal) => trouble(refusal),
        ReadReply::Seen(_) | ReadReply::Missing => None,
    }
}

fn trouble(refusal: &Refusal) -> Option<String> {
    refusal.is_throttled().then(|| words(refusal))
}

fn names(details: &Details, lock: &LockRef) -> bool {
    let same =
        |field: &Option<String>, wanted: &str| field.as_deref().unwrap_or_default() == wanted;
    same(&details.name, lock.object.as_str())
        && same(&details.kind, &lock.gvr.resource)
        && same(&details.group, &lock.gvr.group)
}

/// Whether a write so answered may have happened, or happen yet.
///
/// Servers and proxies answer 5xx for requests that go on. The exception is what a webhook
/// brought about: there the API server says itself that it never got to storing.
fn leaves_it_open(code: StatusCode, refusal: &Refusal) -> bool {
    let open = code.is_server_error() || code == StatusCode::REQUEST_TIMEOUT;
    open && !refusal.is_by_webhook()
}

/// The server's words, bounded, on one line, and harmless to a terminal.
fn plain(words: &str) -> String {
    let mut plain: String =
        words.chars().take(WORDS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if words.chars().nth(WORDS_MAX).is_some() {
        plain.push('…');
    }
    plain
}
