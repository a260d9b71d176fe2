//! Bodies that Go's clients send as protobuf, read as the JSON they stand for.
//!
//! Typed clients of client-go send built-in kinds so unless told otherwise; answers are JSON,
//! which they all take. Which field has which number is in `fields.txt`, printed from client-go's
//! own types by `sandbox/fields/main.go`.

mod fields;
mod message;
mod special;
mod wire;

use hyper::body::Bytes;
use serde_json::{Value, json};

use fields::Fields;
use wire::{Reader, Wire};

pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// What such bodies begin with.
const MAGIC: &[u8] = b"k8s\0";

/// The same in JSON; `None` where it cannot be read, or is of a kind that is not known here.
pub(crate) fn to_json(body: &[u8]) -> Option<Bytes> {
    let envelope = Envelope::read(body.strip_prefix(MAGIC)?)?;
    let fields = Fields::known();
    let message = fields.of_kind(&envelope.api_version, &envelope.kind)?;
    let mut object = message::read(fields, message, &envelope.raw, 0)?;
    object.insert("apiVersion".to_owned(), json!(envelope.api_version));
    object.insert("kind".to_owned(), json!(envelope.kind));
    Some(Value::Object(object).to_string().into())
}

/// `runtime.Unknown`: what is sent, and of which kind it is.
#[derive(Default)]
struct Envelope {
    api_version: String,
    kind: String,
    raw: Vec<u8>,
}

impl Envelope {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut envelope = Self::default();
        for entry in Reader::new(bytes) {
            match entry? {
                (1, Wire::Bytes(of)) => (envelope.api_version, envelope.kind) = type_meta(of)?,
                (2, Wire::Bytes(raw)) => envelope.raw = raw.to_vec(),
                // Compressed, or of another type within.
                (3 | 4, Wire::Bytes(told)) if !told.is_empty() && told != MEDIA_TYPE.as_bytes() => {
                    return None;
                }
                _ => {}
            }
        }
        Some(envelope)
    }
}

fn type_meta(bytes: &[u8]) -> Option<(String, String)> {
    let (mut api_version, mut kind) = (String::new(), String::new());
    for entry in Reader::new(bytes) {
        match entry? {
            (1, Wire::Bytes(text)) => api_version = wire::text(text)?,
            (2, Wire::Bytes(text)) => kind = wire::text(text)?,
            _ => {}
        }
    }
    Some((api_version, kind))
}

#[cfg(test)]
mod tests;
