//! Objects that go.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::call::Call;
use crate::field::FieldError;
use crate::json;
use crate::key::Key;
use crate::kinds::{Habit, Kind};
use crate::metadata::{finalizers, generation, is_being_deleted, set, text, uid};
use crate::reply::Reply;
use crate::state::State;
use crate::status::{self, Status};
use crate::verbs::effects;

pub(crate) fn delete(state: &mut State, call: &Call<'_>) -> Result<Reply, Status> {
    if call.path.subresource.is_some() {
        return Err(call.no_such_action("delete"));
    }
    let options = DeleteOptions::read(call)?;
    let key = call.key();
    let deleted = delete_one(state, &call.kind, &key, &options)?;
    match deleted {
        Deleted::Waiting(object) => call.object_reply(200, &object),
        Deleted::Gone(object) if call.kind.has(Habit::ReturnsDeleted) => {
            call.object_reply(200, &object)
        }
        Deleted::Gone(object) => Ok(Reply::json(200, &success(&call.kind, &object))),
    }
}

/// What became of an object.
pub(crate) enum Deleted {
    /// It waits for its finalizers.
    Waiting(Arc<Value>),
    Gone(Arc<Value>),
}

fn success(kind: &Kind, object: &Value) -> Value {
    let mut details = status::details(&kind.group, &kind.plural, text(object, "name"));
    details["uid"] = json!(uid(object));
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details,
    })
}

/// How a deletion is wanted.
#[derive(Debug, Default)]
pub(crate) struct DeleteOptions {
    is_dry_run: bool,
    uid: Option<String>,
    resource_version: Option<String>,
    /// What waits for dependents, unless it is nothing.
    finalizer: Option<&'static str>,
}

impl DeleteOptions {
    /// They are in the body or, without one, in the query.
    pub(crate) fn read(call: &Call<'_>) -> Result<Self, Status> {
        let body = call.request.body()?;
        if !body.is_empty() {
            call.check_body_type()?;
            let unreadable = |why| {
                Status::bad_request(format!("couldn't get version/kind; json parse error: {why}"))
            };
            return Self::of(&json::read(body).map_err(unreadable)?.value);
        }
        let query = &call.request.query;
        let dry_run: Vec<&str> = query.all("dryRun").collect();
        let mut sent = json!({ "dryRun": dry_run });
        if let Some(policy) = query.get("propagationPolicy") {
            sent["propagationPolicy"] = json!(policy);
        }
        if query.get("orphanDependents").is_some() {
            sent["orphanDependents"] = json!(query.is_true("orphanDependents"));
        }
        Self::of(&sent)
    }

    fn of(sent: &Value) -> Result<Self, Status> {
        if let Some(kind) =
            sent["kind"].as_str().filter(|kind| !matches!(*kind, "" | "DeleteOptions"))
        {
            let version = sent["apiVersion"].as_str().unwrap_or_default();
            return Err(Status::bad_request(format!(
                "no kind {kind:?} is registered for version {version:?} in scheme \
                 \"pkg/runtime/scheme.go:111\""
            )));
        }
        let mut errors = Vec::new();
        let dry_run = sent["dryRun"].as_array().cloned().unwrap_or_default();
        if dry_run.iter().any(|value| value != "All") {
            errors.push(FieldError::not_supported("dryRun", &json!(dry_run), &["All"]));
        }
        let policy = sent["propagationPolicy"].as_str();
        if policy.is_some() && !sent["orphanDependents"].is_null() {
            let why = "orphanDependents and deletionPropagation cannot be both set";
            let value = json!(policy);
            errors.push(FieldError::invalid("propagationPolicy", &value, why));
        }
        let finalizer = match (policy, sent["orphanDependents"].as_bool()) {
            (Some("Orphan"), _) | (None, Some(true)) => Some("orphan"),
            (Some("Foreground"), _) => Some("foregroundDeletion"),
            (Some("Background") | None, _) => None,
            (Some(other), _) => {
                let supported = ["Foreground", "Background", "Orphan", "nil"];
                let field = "propagationPolicy";
                errors.push(FieldError::not_supported(field, &json!(other), &supported));
                None
            }
        };
        if !errors.is_empty() {
            return Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &errors));
        }
        let precondition = |field: &str| sent["preconditions"][field].as_str().map(str::to_owned);
        Ok(Self {
            is_dry_run: !dry_run.is_empty(),
            uid: precondition("uid"),
            resource_version: precondition("resourceVersion"),
            finalizer,
        })
    }

    fn check(&self, kind: &Kind, object: &Value) -> Result<(), Status> {
        let name = text(object, "name");
        if let Some(wanted) = self.uid.as_deref().filter(|wanted| *wanted != uid(object)) {
            return Err(precondition_failed(
                kind,
                name,
                &format!(
                    "the UID in the precondition ({wanted}) does not match the UID in record ({}). \
                 The object might have been deleted and then recreated",
                    uid(object)
                ),
            ));
        }
        let version = text(object, "resourceVersion");
        if let Some(wanted) = self.resource_version.as_deref().filter(|wanted| *wanted != version) {
            return Err(precondition_failed(
                kind,
                name,
                &format!(
                    "the ResourceVersion in the precondition ({wanted}) does not match the \
                 ResourceVersion in record ({version}). The object might have been modified"
                ),
            ));
        }
        Ok(())
    }
}

/// These conflicts, unlike others, speak of the kind.
fn precondition_failed(kind: &Kind, name: &str, why: &str) -> Status {
    let group = kind.kept_group.clone();
    let singular = Kind { group, plural: kind.kind.clone(), ..kind.clone() };
    Status::conflict(&singular, name, why)
}

/// Deletes an object, or lets it wait for its finalizers.
pub(crate) fn delete_one(
    state: &mut State,
    kind: &Kind,
    key: &Key,
    options: &DeleteOptions,
) -> Result<Deleted, Status> {
    let found = state.store.get(key).cloned();
    let found = found.ok_or_else(|| Status::not_found(kind, &key.name))?;
    options.check(kind, &found)?;
    let is_namespace = kind.plural == "namespaces" && kind.group.is_empty();
    let finalizers = awaited(kind, &found, options);
    if finalizers.is_empty() && !is_namespace {
        if options.is_dry_run {
            return Ok(Deleted::Gone(found));
        }
        let removed = state.store.remove(key).unwrap_or(found);
        effects::after_delete(state, kind, &removed);
        return Ok(Deleted::Gone(removed));
    }
    let mut waiting = Value::clone(&found);
    if !finalizers.is_empty() {
        set(&mut waiting, "finalizers", Some(json!(finalizers)));
    }
    mark(&mut waiting, &state.clock.timestamp());
    if is_namespace {
        waiting["status"]["phase"] = json!("Terminating");
    }
    if waiting == *found || options.is_dry_run {
        return Ok(Deleted::Waiting(Arc::new(waiting)));
    }
    Ok(Deleted::Waiting(state.store.put(key.clone(), waiting)))
}

/// All that has to be done before the object can go.
fn awaited(kind: &Kind, object: &Value, options: &DeleteOptions) -> Vec<String> {
    let of_dependents = |name: &&str| matches!(*name, "orphan" | "foregroundDeletion");
    let own = finalizers(object).into_iter().filter(|name| !of_dependents(name));
    let asked = options.finalizer.filter(|_| !kind.has(Habit::HasNoDependents));
    own.chain(asked).map(str::to_owned).collect()
}

fn mark(object: &mut Value, at: &str) {
    if !is_being_deleted(object) {
        if generation(object) > 0 {
            let next = generation(object) + 1;
            set(object, "generation", Some(json!(next)));
        }
        set(object, "deletionTimestamp", Some(json!(at)));
    }
    set(object, "deletionGracePeriodSeconds", Some(json!(0)));
}
