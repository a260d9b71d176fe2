//! The objects, and what has happened to them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::status::Status;
use super::target::Target;

/// As a server that has been in use for a while.
const FIRST_VERSION: u64 = 1_000;
/// What no client writes.
const SERVERS_OWN: [&str; 6] =
    ["uid", "name", "namespace", "resourceVersion", "creationTimestamp", "deletionTimestamp"];

/// Something for watches to tell.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) version: u64,
    pub(super) kind: &'static str,
    pub(super) collection: String,
    pub(super) object: Value,
    /// Where it is no change but an error: for the watches numbered below.
    pub(super) only_below: Option<u64>,
}

/// Objects by path, one version for all, and the log of changes.
pub(super) struct Store {
    objects: BTreeMap<String, Value>,
    pub(super) version: u64,
    /// Watches from before this version are refused.
    pub(super) oldest: u64,
    pub(super) log: Vec<Entry>,
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            objects: BTreeMap::new(),
            version: FIRST_VERSION,
            oldest: FIRST_VERSION,
            log: Vec::new(),
        }
    }

    pub(super) fn get(&self, target: &Target) -> Result<&Value, Status> {
        self.objects.get(&target.object_path()).ok_or_else(|| Status::not_found(target))
    }

    /// The objects of a collection; of one name, if it is given.
    pub(super) fn list(&self, collection: &str, name: Option<&str>) -> Vec<Value> {
        let is_asked_for = |path: &str| {
            let found = path.rsplit_once('/');
            found.is_some_and(|(in_, own)| in_ == collection && name.is_none_or(|name| name == own))
        };
        let objects = self.objects.iter().filter(|(path, _)| is_asked_for(path));
        objects.map(|(_, object)| object.clone()).collect()
    }

    pub(super) fn create(
        &mut self,
        target: &Target,
        mut object: Value,
        created: &str,
    ) -> Result<Value, Status> {
        if self.objects.contains_key(&target.object_path()) {
            return Err(Status::already_exists(target));
        }
        default(&mut object, "kind", &target.kind());
        default(&mut object, "apiVersion", &target.api_version());
        let version = self.version + 1;
        let metadata = metadata_mut(&mut object);
        metadata.insert("name".into(), json!(target.name));
        if let Some(namespace) = &target.namespace {
            metadata.insert("namespace".into(), json!(namespace));
        }
        metadata.insert("uid".into(), json!(format!("00000000-0000-4000-8000-{version:012}")));
        metadata.insert("creationTimestamp".into(), json!(created));
        Ok(self.write(target, object, "ADDED"))
    }

    /// Stores what a client made of the object; what did not change keeps its version.
    pub(super) fn update(&mut self, target: &Target, mut object: Value) -> Result<Value, Status> {
        let old = self.get(target)?.clone();
        let old_metadata = &old["metadata"];
        let metadata = metadata_mut(&mut object);
        let differs = |field: &str| {
            let sent = metadata.get(field).and_then(Value::as_str).unwrap_or_default();
            !sent.is_empty() && old_metadata[field] != sent
        };
        if differs("resourceVersion") || differs("uid") {
            return Err(Status::conflict(target));
        }
        for field in SERVERS_OWN {
            match old_metadata.get(field) {
                Some(value) => metadata.insert(field.into(), value.clone()),
                None => metadata.remove(field),
            };
        }
        drop_empty(metadata);
        if object == old { Ok(old) } else { Ok(self.write(target, object, "MODIFIED")) }
    }

    pub(super) fn begin_deletion(&mut self, target: &Target, at: &str) -> Result<Value, Status> {
        let mut object = self.get(target)?.clone();
        let metadata = metadata_mut(&mut object);
        metadata.insert("deletionTimestamp".into(), json!(at));
        metadata.insert("deletionGracePeriodSeconds".into(), json!(0));
        Ok(self.write(target, object, "MODIFIED"))
    }

    pub(super) fn delete(&mut self, target: &Target) -> Result<Value, Status> {
        let object = self.get(target)?.clone();
        let object = self.write(target, object, "DELETED");
        self.objects.remove(&target.object_path());
        Ok(object)
    }

    fn write(&mut self, target: &Target, mut object: Value, kind: &'static str) -> Value {
        self.version += 1;
        let metadata = metadata_mut(&mut object);
        metadata.insert("resourceVersion".into(), json!(self.version.to_string()));
        drop_empty(metadata);
        self.objects.insert(target.object_path(), object.clone());
        self.log.push(Entry {
            version: self.version,
            kind,
            collection: target.collection.clone(),
            object: object.clone(),
            only_below: None,
        });
        object
    }
}

fn default(object: &mut Value, field: &str, value: &str) {
    if object[field].is_null() {
        object[field] = json!(value);
    }
}

/// The server's encoding leaves out what is empty.
fn drop_empty(metadata: &mut Map<String, Value>) {
    for field in ["annotations", "labels", "finalizers"] {
        let is_empty = metadata.get(field).is_some_and(|value| match value {
            Value::Object(map) => map.is_empty(),
            Value::Array(list) => list.is_empty(),
            other => other.is_null(),
        });
        if is_empty {
            metadata.remove(field);
        }
    }
}

/// The metadata, made where there is none.
pub(super) fn metadata_mut(object: &mut Value) -> &mut Map<String, Value> {
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    match &mut object["metadata"] {
        Value::Object(metadata) => metadata,
        _ => unreachable!("it is an object by now"),
    }
}
