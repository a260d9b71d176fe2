//! Requests on their way, and answers on theirs.

use std::rc::Rc;

use kubelock_core::answer::{ReadReply, WriteReply};
use kubelock_core::call::Write;
use kubelock_core::timestamp::Timestamp;
use serde_json::Value;

use super::stage::key;

/// What the lock's requests look at or change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The lock's annotation.
    Record,
    /// All annotations.
    Annotations,
    /// The UID.
    Uid,
    /// The deletion timestamp.
    Deletion,
}

/// One operation of a JSON Patch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Edit {
    /// Nothing is done unless this is there.
    Test(Place, Option<Rc<str>>),
    /// A new map of annotations with the record alone.
    AddMap(Rc<str>),
    /// The record, whether there was one or not.
    Add(Rc<str>),
    /// The record, in place of another.
    Replace(Rc<str>),
    /// No record.
    Remove,
    /// The effect of this process's guarded write.
    Guarded(u8),
}

/// What is asked of the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ask {
    /// The object.
    Get,
    /// A JSON Patch.
    Patch(Vec<Edit>),
    /// The whole object as it was at this version, with another value of the annotation.
    Put {
        /// The precondition.
        version: u32,
        /// What the annotation becomes.
        value: Option<Rc<str>>,
    },
    /// A new object with this record.
    Create(Rc<str>),
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reply {
    /// For a read.
    Read(ReadReply),
    /// For a write.
    Write(WriteReply),
}

/// An answer, and the `Date` that it carries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Answer {
    /// What it says.
    pub reply: Reply,
    /// The server's time when it was written, cut to seconds. None where no answer came.
    pub date: Option<Timestamp>,
}

impl Answer {
    /// None came.
    pub fn none(ask: &Ask) -> Self {
        let words = String::new;
        let reply = match ask {
            Ask::Get => Reply::Read(ReadReply::Unanswered(words())),
            _ => Reply::Write(WriteReply::Unanswered(words())),
        };
        Self { reply, date: None }
    }
}

/// One request, until its answer has come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Message {
    /// Whose.
    pub from: u8,
    /// Which of its sender's.
    pub ticket: u8,
    /// What is asked for.
    pub ask: Rc<Ask>,
    /// What was answered, once it was.
    pub answer: Option<Rc<Answer>>,
    /// Whether it may take any time. Otherwise it has come before the next tick.
    pub is_late: bool,
    /// Whether a client or a proxy sent it once more.
    pub is_copy: bool,
}

impl Ask {
    /// The request that the core's own body makes. `None` if the body is none that this model
    /// knows: the model is then too small for it.
    pub fn of_patch(body: &[u8]) -> Option<Self> {
        let operations: Vec<Value> = serde_json::from_slice(body).ok()?;
        operations.iter().map(Edit::of).collect::<Option<_>>().map(Self::Patch)
    }

    /// The request that makes an object with a record on it.
    pub fn of_new(body: &[u8]) -> Option<Self> {
        let object: Value = serde_json::from_slice(body).ok()?;
        object["metadata"]["annotations"][key().as_str()].as_str().map(|it| Self::Create(it.into()))
    }

    /// The request of a write other than a PUT, which needs to know what was read.
    pub fn of(write: &Write) -> Option<Self> {
        match write {
            Write::Patch { body, .. } => Self::of_patch(body),
            Write::Create(body) => Self::of_new(body),
            Write::Put { .. } => None,
        }
    }
}

impl Edit {
    fn of(operation: &Value) -> Option<Self> {
        let path = operation["path"].as_str()?;
        let value = &operation["value"];
        let text = value.as_str().map(Rc::from);
        let place = place(path);
        match (operation["op"].as_str()?, place) {
            ("test", Some(place)) => Some(Self::Test(place, text)),
            ("add", Some(Place::Annotations)) => {
                Some(Self::AddMap(value[key().as_str()].as_str()?.into()))
            }
            ("add", Some(Place::Record)) => text.map(Self::Add),
            ("replace", Some(Place::Record)) => text.map(Self::Replace),
            ("remove", Some(Place::Record)) => Some(Self::Remove),
            ("add", None) if path == GUARDED => {
                Some(Self::Guarded(u8::try_from(value.as_u64()?).ok()?))
            }
            _ => None,
        }
    }
}

/// Where guarded writes leave their mark.
pub const GUARDED: &str = "/data/guarded";

fn place(path: &str) -> Option<Place> {
    match path {
        "/metadata/annotations" => Some(Place::Annotations),
        "/metadata/uid" => Some(Place::Uid),
        "/metadata/deletionTimestamp" => Some(Place::Deletion),
        path if path == key().pointer() => Some(Place::Record),
        _ => None,
    }
}
