//! What is done to objects without a request.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::decode::{Unreadable, decode};
use crate::key::Key;
use crate::kinds::Kind;
use crate::metadata::{metadata_mut, set};
use crate::path::ResourcePath;
use crate::state::State;
use crate::status::Status;
use crate::verbs::effects;
use crate::verbs::write::{Part, Write};

/// Creates the object at a path, or replaces the one that is there.
pub(crate) fn put(state: &mut State, path: &str, object: Value) -> Result<Value, Status> {
    let (kind, key) = place(state, path)?;
    let status = object.get("status").filter(|status| !status.is_null()).cloned();
    let unreadable = |Unreadable(why)| Status::bad_request(why);
    let mut object = decode(&kind, object).map_err(unreadable)?.object;
    metadata_mut(&mut object).remove("resourceVersion");
    metadata_mut(&mut object).remove("uid");
    set(&mut object, "name", Some(json!(key.name)));
    set(&mut object, "namespace", kind.namespaced.then(|| json!(key.namespace)));
    if kind.namespaced {
        ensure_namespace(state, &key.namespace)?;
    }
    let stored = match state.store.get(&key) {
        None => {
            let write =
                Write { kind: &kind, key: key.clone(), part: Part::Whole, is_dry_run: false };
            write.create(state, object)?
        }
        Some(old) => {
            set(&mut object, "resourceVersion", Some(old["metadata"]["resourceVersion"].clone()));
            let write =
                Write { kind: &kind, key: key.clone(), part: Part::Whole, is_dry_run: false };
            write.replace(state, object)?
        }
    };
    match status {
        Some(status) if stored.get("status") != Some(&status) => {
            let mut object = Value::clone(&stored);
            object["status"] = status;
            Ok(served(&kind, &state.store.put(key, object)))
        }
        _ => Ok(served(&kind, &stored)),
    }
}

pub(crate) fn get(state: &State, path: &str) -> Result<Value, Status> {
    let (kind, key) = place(state, path)?;
    let found = state.store.get(&key).map(|object| served(&kind, object));
    found.ok_or_else(|| Status::not_found(&kind, &key.name))
}

pub(crate) fn remove(state: &mut State, path: &str) -> Result<Value, Status> {
    let (kind, key) = place(state, path)?;
    let removed = state.store.remove(&key);
    let removed = removed.ok_or_else(|| Status::not_found(&kind, &key.name))?;
    effects::after_delete(state, &kind, &removed);
    Ok(served(&kind, &removed))
}

fn served(kind: &Kind, kept: &Arc<Value>) -> Value {
    Arc::unwrap_or_clone(kind.served(kept))
}

/// The kind of an object's path, and where the object is kept.
fn place(state: &State, path: &str) -> Result<(Kind, Key), Status> {
    let no_object = || Status::bad_request(format!("kubelock sandbox: {path} is no object's path"));
    let path = ResourcePath::parse(path).ok_or_else(no_object)?;
    let kind = state.kind_of(&path)?.clone();
    let name = path.name.as_deref().filter(|_| path.subresource.is_none());
    let name = name.ok_or_else(no_object)?;
    let namespace = match (&path.namespace, kind.namespaced) {
        (Some(namespace), true) => namespace,
        (None, true) => return Err(no_object()),
        (_, false) => "",
    };
    let key = Key::new(&kind, namespace, name);
    Ok((kind, key))
}

fn ensure_namespace(state: &mut State, name: &str) -> Result<(), Status> {
    let path = format!("/api/v1/namespaces/{name}");
    match get(state, &path) {
        Ok(_) => Ok(()),
        Err(_) => put(state, &path, json!({})).map(drop),
    }
}
