//! One object.

use std::sync::Arc;

use serde_json::Value;

use crate::call::Call;
use crate::reply::Reply;
use crate::state::State;
use crate::status::Status;
use crate::verbs::list::too_large;
use crate::verbs::list_options::bad_version;

pub(crate) fn get(state: &State, call: &Call<'_>) -> Result<Reply, Status> {
    call.part()?;
    check_version(state, call)?;
    let object = found(state, call)?;
    call.object_reply(200, &object)
}

/// A read may ask for a version at least; there is none to come.
fn check_version(state: &State, call: &Call<'_>) -> Result<(), Status> {
    let asked = call.request.query.get("resourceVersion").filter(|asked| !asked.is_empty());
    let Some(asked) = asked else { return Ok(()) };
    let invalid = |_| {
        let why = format!("invalid resource version: {}", bad_version(asked));
        Status::bad_request(why)
    };
    let version = asked.parse::<u64>().map_err(invalid)?;
    if version > state.store.version() {
        return Err(too_large(version, state.store.version()));
    }
    Ok(())
}

/// The object that a path names.
pub(crate) fn found(state: &State, call: &Call<'_>) -> Result<Arc<Value>, Status> {
    let key = call.key();
    let object = state.store.get(&key);
    object.cloned().ok_or_else(|| Status::not_found(&call.kind, &key.name))
}
