//! What a read asks for besides its path.

use std::time::Duration;

use http::request::Parts;
use serde_json::Value;

use super::shape;

/// Where a watch does not say: the least that the API server grants.
const WATCH_TIMEOUT: Duration = Duration::from_mins(30);

#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) is_watch: bool,
    /// The only name that is asked for.
    pub(super) name: Option<String>,
    /// `None` from now on, what there is included.
    pub(super) resource_version: Option<u64>,
    pub(super) allows_bookmarks: bool,
    pub(super) timeout: Duration,
    pub(super) wants_metadata: bool,
}

impl Query {
    pub(super) fn of(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        let value = |key: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(name, _)| *name == key).map(|(_, value)| value)
        };
        let is_true = |key| value(key).is_some_and(|value| value == "true" || value == "1");
        let selector = value("fieldSelector").unwrap_or_default().replace("%3D", "=");
        let version = value("resourceVersion").and_then(|version| version.parse().ok());
        let seconds = value("timeoutSeconds").and_then(|seconds| seconds.parse().ok());
        Self {
            is_watch: is_true("watch"),
            name: selector.strip_prefix("metadata.name=").map(str::to_owned),
            resource_version: version.filter(|version| *version != 0),
            allows_bookmarks: is_true("allowWatchBookmarks"),
            timeout: seconds.map_or(WATCH_TIMEOUT, Duration::from_secs),
            wants_metadata: wants_metadata(parts),
        }
    }

    pub(super) fn selects(&self, object: &Value) -> bool {
        self.name.as_deref().is_none_or(|name| object["metadata"]["name"] == name)
    }

    pub(super) fn shaped(&self, object: Value) -> Value {
        shape(object, self.wants_metadata)
    }
}

/// Of the forms that are accepted, the first is preferred.
fn wants_metadata(parts: &Parts) -> bool {
    let accept = parts.headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok());
    let preferred = accept.unwrap_or_default().split(',').next().unwrap_or_default();
    preferred.contains("as=PartialObjectMetadata")
}
