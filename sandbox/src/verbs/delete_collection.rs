//! Many objects that go.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::call::Call;
use crate::key::Key;
use crate::kinds::Habit;
use crate::reply::Reply;
use crate::selector::Selector;
use crate::state::State;
use crate::status::Status;
use crate::verbs::delete::{DeleteOptions, delete_one};
use crate::verbs::list_options::ListOptions;

/// Deletes what is selected and answers with the list of it, as it was before.
pub(crate) fn delete_collection(state: &mut State, call: &Call<'_>) -> Result<Reply, Status> {
    let is_nowhere = call.kind.namespaced && call.path.namespace.is_none();
    if is_nowhere || call.kind.has(Habit::KeepsCollection) {
        return Err(Status::method_not_allowed());
    }
    ListOptions::of_list(call)?;
    let selector = Selector::of(&call.kind, &call.request.query)?;
    let options = DeleteOptions::read(call)?;
    let collection = call.collection();
    let selected = state.store.list(&collection).filter(|(_, object)| selector.selects(object));
    let selected: Vec<(Key, Arc<Value>)> =
        selected.map(|(key, object)| (key.clone(), object.clone())).collect();
    let metadata = json!({ "resourceVersion": state.store.version().to_string() });
    for (key, _) in &selected {
        delete_one(state, &call.kind, key, &options)?;
    }
    let items: Vec<Arc<Value>> = selected.into_iter().map(|(_, object)| object).collect();
    Ok(Reply::json(200, call.list_shown(&items, &metadata)?))
}
