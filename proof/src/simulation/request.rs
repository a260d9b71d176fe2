//! What a request is for, as far as its bytes tell.

use http::Method;
use kubelock::Record;
use serde_json::Value;

use super::store::KEY;

/// Which step of the protocol a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Step {
    /// The write that takes a lock.
    Acquire,
    /// The write that mends a record before it is handed out.
    Restamp,
    Renewal,
    Release,
    Guarded,
    /// The removal of a record that a call left behind.
    Removal,
    /// The read after a write that was refused or not answered.
    ReadBack,
    /// Any other read: before a release, or while waiting.
    Look,
    Watch,
    /// The read and the write of a Go peer.
    GoRead,
    GoWrite,
}

impl Step {
    /// Those of the protocol: what Go peers send is none of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Acquire,
        Self::Restamp,
        Self::Renewal,
        Self::Release,
        Self::Guarded,
        Self::Removal,
        Self::ReadBack,
        Self::Look,
        Self::Watch,
    ];

    /// Rare steps are spoiled more often.
    pub(crate) fn is_rare(self) -> bool {
        matches!(self, Self::Restamp | Self::Removal)
    }

    pub(crate) fn is_write(self) -> bool {
        !matches!(self, Self::ReadBack | Self::Look | Self::Watch | Self::GoRead)
    }
}

/// What a write does to the record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Effect {
    /// What it tests the record to be, if it is to be any.
    pub(crate) old: Option<String>,
    /// What it writes.
    pub(crate) new: Option<String>,
    /// Whether it takes the record away.
    pub(crate) removes: bool,
    /// What a guarded write leaves: its own, unlike all others.
    pub(crate) marker: Option<String>,
}

impl Effect {
    /// What the body of a write does.
    pub(crate) fn of(method: &Method, body: &[u8]) -> Self {
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return Self::default() };
        if let Value::Array(operations) = &body {
            return Self::of_patch(operations);
        }
        let new = body["metadata"]["annotations"][KEY].as_str().map(str::to_owned);
        let removes = new.is_none() && *method == Method::PUT;
        Self { new, removes, ..Self::default() }
    }

    fn of_patch(operations: &[Value]) -> Self {
        let pointer = format!("/metadata/annotations/{}", KEY.replace('/', "~1"));
        let mut effect = Self::default();
        for operation in operations {
            let text = |field: &str| operation[field].as_str();
            let value = text("value").map(str::to_owned);
            match (text("op"), text("path").unwrap_or_default()) {
                (Some("test"), path) if path == pointer => effect.old = value,
                (Some("add" | "replace"), path) if path == pointer => effect.new = value,
                (Some("remove"), path) if path == pointer => effect.removes = true,
                (Some("add"), "/metadata/annotations") => {
                    effect.new = operation["value"][KEY].as_str().map(str::to_owned);
                }
                (Some("add"), path) if !path.starts_with("/metadata") => effect.marker = value,
                _ => {}
            }
        }
        effect
    }

    /// The hold whose record it writes, or removes.
    pub(crate) fn hold(&self) -> Option<String> {
        hold_of(self.new.as_deref().or(self.old.as_deref())?)
    }
}

/// The id in a record, if it has one.
pub(crate) fn hold_of(value: &str) -> Option<String> {
    Some(Record::decode(value).ok()?.hold?.as_str().to_owned())
}

/// The last digits of a record's stamp: enough to tell it from others in a trace.
pub(crate) fn short(value: Option<&str>) -> String {
    let Some(value) = value else { return "-".into() };
    let Ok(record) = Record::decode(value) else { return format!("malformed {value:?}") };
    let id = record.hold.as_ref().map_or("", |hold| &hold.as_str()[..4]);
    let stamp = record.created_at.to_string();
    let stamp = stamp.get(14..).unwrap_or_default();
    format!("{}/{id}@{stamp}+{}s", record.owner, record.ttl_nanos / 1_000_000_000)
}
