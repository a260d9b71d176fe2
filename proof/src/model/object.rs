//! The object that carries the lock, as the API server keeps it.

use std::rc::Rc;

use kubelock_core::answer::{ReadReply, Refusal, Sight, WriteReply};
use kubelock_core::timestamp::Timestamp;

use super::request::{Ask, Edit, Place};

/// What the API server stores.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    /// Another one after each deletion.
    pub uid: u8,
    /// Grows with each change of anything.
    pub version: u32,
    /// Whether it has an annotation that is not the lock's.
    pub has_others: bool,
    /// The lock's annotation.
    pub value: Option<Rc<str>>,
    /// Whether it is being deleted, and waits for its finalizers.
    pub is_dying: bool,
    /// Whose guarded writes were applied to it, in order.
    pub guarded: Vec<u8>,
}

/// The API server and its store: one object or none, and the revision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Server {
    /// The object, if it exists.
    pub object: Option<Object>,
    revision: u32,
    uids: u8,
}

impl Server {
    /// A server with this object, or with none.
    pub fn new(exists: bool, has_others: bool) -> Self {
        let mut server = Self { object: None, revision: 1, uids: 0 };
        if exists {
            server.make(has_others, None);
        }
        server
    }

    /// The lock's annotation, if it stands anywhere.
    pub fn value(&self) -> Option<&Rc<str>> {
        self.object.as_ref()?.value.as_ref()
    }

    /// Makes the object, with or without a record on it.
    pub fn make(&mut self, has_others: bool, value: Option<Rc<str>>) {
        self.revision += 1;
        self.uids += 1;
        let (uid, version) = (self.uids, self.revision);
        let guarded = Vec::new();
        self.object = Some(Object { uid, version, has_others, value, is_dying: false, guarded });
    }

    /// Changes the object beside all rules.
    pub fn tamper(&mut self, change: impl FnOnce(&mut Object)) {
        if let Some(object) = &mut self.object {
            change(object);
            self.revision += 1;
            object.version = self.revision;
        }
    }

    /// Deletes it.
    pub fn delete(&mut self) {
        self.revision += 1;
        self.object = None;
    }

    /// Answers a read.
    pub fn read(&self, date: Timestamp) -> ReadReply {
        self.object
            .as_ref()
            .map_or(ReadReply::Missing, |object| ReadReply::Seen(object.sight(date)))
    }

    /// Does what is asked for, if its tests hold.
    pub fn write(&mut self, ask: &Ask, forbids_patch: bool, date: Timestamp) -> WriteReply {
        match self.attempt(ask, forbids_patch) {
            Ok(changed) => {
                let sight = changed.sight(date);
                self.object = Some(changed);
                WriteReply::Applied(sight)
            }
            Err(refusal) => WriteReply::Refused(refusal),
        }
    }

    fn attempt(&mut self, ask: &Ask, forbids_patch: bool) -> Result<Object, Refusal> {
        if let Ask::Create(value) = ask {
            if self.object.is_some() {
                return Err(refusal(409, "AlreadyExists", true));
            }
            self.make(true, Some(value.clone()));
        }
        let object = self.object.clone().ok_or_else(|| refusal(404, "NotFound", true))?;
        let mut changed = match ask {
            Ask::Patch(_) if forbids_patch => return Err(refusal(403, "Forbidden", true)),
            Ask::Patch(edits) => {
                object.edited(edits).ok_or_else(|| refusal(422, "Invalid", false))?
            }
            Ask::Put { version, value } if *version == object.version => {
                Object { value: value.clone(), ..object.clone() }
            }
            Ask::Put { .. } => return Err(refusal(409, "Conflict", true)),
            Ask::Create(_) | Ask::Get => object.clone(),
        };
        // What changes nothing is no change.
        if changed != object {
            self.revision += 1;
            changed.version = self.revision;
        }
        Ok(changed)
    }
}

impl Object {
    fn has_annotations(&self) -> bool {
        self.has_others || self.value.is_some()
    }

    /// What an answer shows of it; `date` is the server's clock, cut to seconds.
    pub fn sight(&self, date: Timestamp) -> Sight {
        Sight {
            uid: self.uid.to_string(),
            resource_version: self.version.to_string(),
            has_annotations: self.has_annotations(),
            has_others: self.has_others,
            value: self.value.as_deref().map(str::to_owned),
            is_terminating: self.is_dying,
            date: Some(date),
        }
    }

    /// All of a JSON Patch, or nothing.
    fn edited(&self, edits: &[Edit]) -> Option<Self> {
        let mut object = self.clone();
        edits.iter().try_for_each(|edit| object.edit(edit))?;
        Some(object)
    }

    fn edit(&mut self, edit: &Edit) -> Option<()> {
        match edit {
            Edit::Test(place, expected) => self.shows(*place, expected.as_deref()).then_some(()),
            Edit::AddMap(value) => {
                (self.has_others, self.value) = (false, Some(value.clone()));
                Some(())
            }
            Edit::Add(value) => self.has_annotations().then(|| self.value = Some(value.clone())),
            Edit::Replace(value) => self.value.replace(value.clone()).map(drop),
            Edit::Remove => self.value.take().map(drop),
            Edit::Guarded(who) => {
                self.guarded.push(*who);
                Some(())
            }
        }
    }

    /// A test for null passes where there is nothing.
    fn shows(&self, place: Place, expected: Option<&str>) -> bool {
        match place {
            Place::Record => self.value.as_deref() == expected,
            Place::Annotations => !self.has_annotations() && expected.is_none(),
            Place::Uid => Some(self.uid.to_string().as_str()) == expected,
            Place::Deletion => !self.is_dying && expected.is_none(),
        }
    }
}

/// In the words that the API server has for it.
fn refusal(code: u16, reason: &str, names_object: bool) -> Refusal {
    Refusal {
        code,
        reason: reason.into(),
        message: String::new(),
        has_causes: false,
        names_object,
        retry_after: None,
    }
}
