//! Many objects, by pages.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::Call;
use crate::key::{Collection, Key};
use crate::reply::Reply;
use crate::selector::Selector;
use crate::state::State;
use crate::status::Status;
use crate::verbs::list_options::{ListOptions, Match};

const TOO_OLD_TOKEN: &str = "The provided continue parameter is too old to display a consistent \
    list result. You can start a new list without the continue parameter, or use the continue \
    token in this response to retrieve the remainder of the results. Continuing with the provided \
    token results in an inconsistent list - objects that were created, modified, or deleted \
    between the time the first chunk was returned and now may show up in the list.";

pub(crate) fn list(state: &State, call: &Call<'_>) -> Result<Reply, Status> {
    let options = ListOptions::of_list(call)?;
    let selector = Selector::of(&call.kind, &call.request.query)?;
    let collection = call.collection();
    let snapshot = Snapshot::of(state, &collection, &options)?;
    let page = snapshot.page(&collection, &selector, options.limit);
    let items: Vec<Arc<Value>> = page.items.into_iter().map(|(_, object)| object).collect();
    Ok(Reply::json(200, call.list_shown(&items, &page.metadata)?))
}

/// Where a list is to be gone on with.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Token {
    #[serde(rename = "v")]
    format: String,
    /// Of the snapshot; -1 takes the newest.
    #[serde(rename = "rv")]
    version: i64,
    /// After this object.
    start: String,
}

impl Token {
    /// Goes on after an object.
    fn after(version: i64, path: &str) -> Self {
        let format = "meta.k8s.io/v1".to_owned();
        Self { format, version, start: format!("/{path}\0") }
    }

    fn written(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn read(text: &str) -> Result<Self, Status> {
        let invalid = |why: String| {
            let message = format!("invalid continue token: continue key is not valid: {why}");
            Status::bad_request(message)
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|error| invalid(error.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))
    }
}

/// A collection as it was at one version, from some object on.
struct Snapshot {
    version: u64,
    objects: BTreeMap<Key, Arc<Value>>,
}

/// A part of it.
struct Page {
    items: Vec<(Key, Arc<Value>)>,
    metadata: Value,
}

impl Snapshot {
    fn of(state: &State, collection: &Collection, options: &ListOptions) -> Result<Self, Status> {
        if let Some(token) = &options.continue_token {
            return Self::continued(state, collection, &Token::read(token)?);
        }
        let now = state.store.version();
        match options.version {
            Some(version) if version > now => Err(too_large(version, now)),
            Some(version) if options.version_match == Match::Exact => {
                let objects = state.store.list_at(collection, version).map_err(|_| {
                    Status::expired("The resourceVersion for the provided list is too old.")
                })?;
                Ok(Self { version, objects })
            }
            _ => Ok(Self::newest(state, collection)),
        }
    }

    fn newest(state: &State, collection: &Collection) -> Self {
        let objects = state.store.list(collection);
        let objects = objects.map(|(key, object)| (key.clone(), object.clone())).collect();
        Self { version: state.store.version(), objects }
    }

    fn continued(state: &State, collection: &Collection, token: &Token) -> Result<Self, Status> {
        let mut snapshot = match u64::try_from(token.version) {
            Err(_) => Self::newest(state, collection),
            Ok(version) => {
                let objects = state.store.list_at(collection, version);
                let objects = objects.map_err(|_| {
                    let again = Token { version: -1, ..token.clone() };
                    Status::expired(TOO_OLD_TOKEN).with_continue(again.written())
                })?;
                Self { version, objects }
            }
        };
        let start = token.start.trim_start_matches('/');
        snapshot.objects.retain(|key, _| collection.path_of(key).as_str() >= start);
        Ok(snapshot)
    }

    fn page(self, collection: &Collection, selector: &Selector, limit: usize) -> Page {
        let version = self.version;
        let mut metadata = json!({ "resourceVersion": version.to_string() });
        let selected = self.objects.into_iter().filter(|(_, object)| selector.selects(object));
        let mut items: Vec<(Key, Arc<Value>)> = selected.collect();
        if limit > 0 && items.len() > limit {
            let remaining = items.len() - limit;
            items.truncate(limit);
            if let Some((key, _)) = items.last() {
                let version = i64::try_from(version).unwrap_or(i64::MAX);
                metadata["continue"] =
                    json!(Token::after(version, &collection.path_of(key)).written());
            }
            if selector.is_empty() {
                metadata["remainingItemCount"] = json!(remaining);
            }
        }
        Page { items, metadata }
    }
}

/// Of a version that is still to come, the real server waits a little before it says this.
pub(crate) fn too_large(version: u64, now: u64) -> Status {
    let message = format!("Timeout: Too large resource version: {version}, current: {now}");
    Status::new(504, "Timeout", message).with_details(json!({
        "causes": [{ "reason": "ResourceVersionTooLarge", "message": "Too large resource version" }],
        "retryAfterSeconds": 1,
    }))
}
