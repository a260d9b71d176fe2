//! One page of a list, as the API server writes it.

mod json;
mod proto;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use kube::core::ObjectMeta;
use serde::Deserialize;

/// Metadata is all we need, and Protobuf the cheapest way to write it and to skip most of it. A
/// server that cannot cut it out sends the objects.
pub(super) const ACCEPTED: &str = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,\
     application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Json,
    Protobuf,
}

impl Encoding {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let content = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        match content {
            Some(content) if content.starts_with("application/vnd.kubernetes.protobuf") => {
                Self::Protobuf
            }
            _ => Self::Json,
        }
    }
}

/// What a page says of the whole list. It stands before the objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Head {
    pub(super) resource_version: String,
    /// How the next page is asked for; empty on the last one.
    #[serde(rename = "continue")]
    pub(super) token: String,
}

/// The API server's own words.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Status {
    pub(super) message: String,
    pub(super) reason: String,
    /// Where to go on, although the list is no longer of one instant.
    pub(super) metadata: Head,
}

impl Status {
    /// Without an error of its own: a proxy's words are no status.
    pub(super) fn read(body: &[u8], encoding: Encoding) -> Self {
        match encoding {
            Encoding::Json => serde_json::from_slice(body).unwrap_or_default(),
            Encoding::Protobuf => proto::status(body).unwrap_or_default(),
        }
    }
}

/// The objects of a page.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// Those that have annotations of the prefix, with no others.
    pub(super) carriers: Vec<ObjectMeta>,
    /// How many there are of all.
    pub(super) count: usize,
}

/// Reads a page, and tells its head as soon as that is read.
pub(super) fn read(
    body: &[u8],
    encoding: Encoding,
    prefix: &str,
    on_head: impl FnOnce(Head),
) -> Result<Objects, String> {
    match encoding {
        Encoding::Json => json::read(body, prefix, on_head).map_err(|error| error.to_string()),
        Encoding::Protobuf => proto::read(body, prefix, on_head)
            .ok_or_else(|| "it is no list in Protobuf, or cut off".to_owned()),
    }
}
