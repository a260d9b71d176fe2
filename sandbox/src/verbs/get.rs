//! One object.

use std::sync::Arc;

use serde_json::Value;

use crate::call::Call;
use crate::reply::Reply;
use crate::state::State;
use crate::status::Status;

pub(crate) fn get(state: &State, call: &Call<'_>) -> Result<Reply, Status> {
    call.part()?;
    let object = found(state, call)?;
    call.object_reply(200, &object)
}

/// The object that a path names.
pub(crate) fn found(state: &State, call: &Call<'_>) -> Result<Arc<Value>, Status> {
    let key = call.key();
    let object = state.store.get(&key);
    object.cloned().ok_or_else(|| Status::not_found(&call.kind, &key.name))
}
