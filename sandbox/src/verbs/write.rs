//! What all writes have in common: preparing, checking, storing.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::field::FieldError;
use crate::key::Key;
use crate::kinds::{Habit, Kind, StatusSubresource};
use crate::metadata::{self, finalizers, is_being_deleted, members_mut, metadata_mut, set, text};
use crate::state::State;
use crate::status::Status;
use crate::validation;
use crate::verbs::effects;

/// What only the server sets.
const SYSTEM_FIELDS: [&str; 5] =
    ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"];

/// Which part of an object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    Status,
}

/// A write that is wanted.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) key: Key,
    pub(crate) part: Part,
    pub(crate) is_dry_run: bool,
}

impl Write<'_> {
    /// Stores a new object: its key says the name, the rest is completed here.
    pub(crate) fn create(
        &self,
        state: &mut State,
        mut object: Value,
    ) -> Result<Arc<Value>, Status> {
        let kind = self.kind;
        if !text(&object, "resourceVersion").is_empty() {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Status::new(500, "", message));
        }
        self.complete(state, &mut object);
        effects::before_create(kind, &mut object);
        let errors = validation::of_new(kind, &object);
        refuse(kind, &self.key.name, &errors)?;
        effects::check_supported(kind, &object)?;
        if let Some(existing) = state.store.get(&self.key) {
            return Err(already_exists(kind, &self.key.name, existing));
        }
        if state.store.is_full() {
            let message = "kubelock sandbox: more objects are not supported";
            return Err(Status::new(507, "", message));
        }
        if self.is_dry_run {
            return Ok(Arc::new(object));
        }
        let stored = state.store.put(self.key.clone(), object);
        effects::after_write(state, kind, &stored);
        Ok(stored)
    }

    /// The same of an update of what is not there.
    pub(crate) fn create_by_put(
        &self,
        state: &mut State,
        mut object: Value,
    ) -> Result<Arc<Value>, Status> {
        state.check_namespace(self.kind, &self.key.namespace, &self.key.name)?;
        set(&mut object, "resourceVersion", None);
        self.create(state, object)
    }

    fn complete(&self, state: &mut State, object: &mut Value) {
        let kind = self.kind;
        let created = state.clock.timestamp();
        let uid = state.uids.next_uid();
        let metadata = metadata_mut(object);
        for field in SYSTEM_FIELDS {
            metadata.remove(field);
        }
        metadata.insert("uid".into(), json!(uid));
        metadata.insert("creationTimestamp".into(), json!(created));
        if !self.key.name.is_empty() {
            metadata.insert("name".into(), json!(self.key.name));
        }
        if kind.namespaced {
            metadata.insert("namespace".into(), json!(self.key.namespace));
        }
        if kind.has(Habit::CountsGenerations) {
            metadata.insert("generation".into(), json!(1));
        } else {
            metadata.remove("generation");
        }
        let members = members_mut(object);
        members.insert("kind".into(), json!(kind.kind));
        members.insert("apiVersion".into(), json!(kind.kept_api_version()));
        if kind.status != StatusSubresource::Absent {
            members.remove("status");
        }
    }

    /// Stores what a client made of an object. What does not change keeps its version; what
    /// waited for its last finalizer is gone.
    pub(crate) fn replace(
        &self,
        state: &mut State,
        mut object: Value,
    ) -> Result<Arc<Value>, Status> {
        let kind = self.kind;
        let Some(old) = state.store.get(&self.key).cloned() else {
            return Err(Status::not_found(kind, &self.key.name));
        };
        self.check_version(&object, &old)?;
        self.prepare(&mut object, &old);
        effects::before_update(kind, &mut object, &old);
        refuse(kind, &self.key.name, &validation::of_changed(kind, &object, &old))?;
        effects::check_supported(kind, &object)?;
        if is_over(&object, &old) {
            return Ok(self.finish_deletion(state, object));
        }
        set(&mut object, "resourceVersion", Some(old["metadata"]["resourceVersion"].clone()));
        if object == *old {
            return Ok(old);
        }
        if self.is_dry_run {
            return Ok(Arc::new(object));
        }
        let stored = state.store.put(self.key.clone(), object);
        effects::after_write(state, kind, &stored);
        Ok(stored)
    }

    fn check_version(&self, object: &Value, old: &Value) -> Result<(), Status> {
        let name = &self.key.name;
        let sent = text(object, "resourceVersion");
        let sent = match sent.parse::<u64>() {
            _ if sent.is_empty() => 0,
            Ok(version) => version,
            Err(_) => return Err(bad_version(sent)),
        };
        if sent == 0 && self.kind.has(Habit::NeedsVersion) {
            let path = "metadata.resourceVersion";
            let error = FieldError::invalid(path, &json!(0), "must be specified for an update");
            let errors = [error];
            return Err(Status::invalid(&self.kind.group, &self.kind.plural, name, &errors));
        }
        if sent != 0 && sent != metadata::version(old) {
            return Err(Status::modified(self.kind, name));
        }
        Ok(())
    }

    /// What this write is not about stays, or is the server's.
    fn prepare(&self, object: &mut Value, old: &Value) {
        match self.part {
            Part::Whole if self.kind.status != StatusSubresource::Absent => {
                copy(object, old, "status");
            }
            Part::Whole => {}
            Part::Status => keep_all_but_status(self.kind, object, old),
        }
        let is_same = self.part == Part::Status
            || !self.kind.has(Habit::CountsGenerations)
            || is_same_wish(self.kind, object, old);
        let generation = old["metadata"]["generation"].as_i64();
        let generation = generation.map(|count| if is_same { count } else { count + 1 });
        set(object, "generation", generation.map(Value::from));
        for field in ["creationTimestamp", "deletionTimestamp"] {
            if let Some(value) = old["metadata"].get(field) {
                set(object, field, Some(value.clone()));
            }
        }
        for field in ["uid", "deletionGracePeriodSeconds"] {
            if object["metadata"][field].is_null() {
                set(object, field, old["metadata"].get(field).cloned());
            }
        }
        let members = members_mut(object);
        members.insert("kind".into(), json!(self.kind.kind));
        members.insert("apiVersion".into(), old["apiVersion"].clone());
    }

    fn finish_deletion(&self, state: &mut State, object: Value) -> Arc<Value> {
        if !self.is_dry_run
            && let Some(removed) = state.store.remove(&self.key)
        {
            effects::after_delete(state, self.kind, &removed);
        }
        Arc::new(object)
    }
}

/// Refuses an object that breaks rules.
pub(crate) fn refuse(kind: &Kind, name: &str, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(&kind.kept_group, &kind.kind, name, errors))
}

fn already_exists(kind: &Kind, name: &str, existing: &Value) -> Status {
    let status = Status::already_exists(kind, name);
    if is_being_deleted(existing) {
        status.with_prefix("object is being deleted: ")
    } else {
        status
    }
}

fn bad_version(text: &str) -> Status {
    let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
    Status::new(500, "", why)
}

/// Whether the last finalizer went.
fn is_over(object: &Value, old: &Value) -> bool {
    let grace = old["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or_default();
    is_being_deleted(old) && finalizers(object).is_empty() && grace == 0
}

/// Whether all that an object wants is the same: the rest of it is metadata and status.
fn is_same_wish(kind: &Kind, object: &Value, old: &Value) -> bool {
    // Deployments hand their annotations on.
    let annotations = |object: &Value| object["metadata"]["annotations"].clone();
    if kind.plural == "deployments" && annotations(object) != annotations(old) {
        return false;
    }
    let has_status = kind.status != StatusSubresource::Absent;
    let is_wish = |name: &str| {
        let is_other = matches!(name, "kind" | "apiVersion" | "metadata");
        !is_other && (name != "status" || !has_status)
    };
    let wishes = |object: &Value| -> Vec<(String, Value)> {
        let members = object.as_object().into_iter().flatten();
        let wishes = members.filter(|(name, _)| is_wish(name));
        wishes.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    wishes(object) == wishes(old)
}

fn keep_all_but_status(kind: &Kind, object: &mut Value, old: &Value) {
    let names: Vec<String> = [&*object, old]
        .into_iter()
        .flat_map(|object| object.as_object().into_iter().flatten())
        .map(|(name, _)| name.clone())
        .collect();
    let keeps_metadata = kind.status == StatusSubresource::StatusOnly;
    let written = |name: &str| name == "status" || (name == "metadata" && !keeps_metadata);
    for name in names.iter().filter(|name| !written(name)) {
        copy(object, old, name);
    }
}

fn copy(object: &mut Value, from: &Value, name: &str) {
    let members = members_mut(object);
    match from.get(name) {
        Some(value) => members.insert(name.to_owned(), value.clone()),
        None => members.remove(name),
    };
}
