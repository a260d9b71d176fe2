//! The object that a request brings.

use serde_json::Value;

use crate::call::Call;
use crate::decode::{Unreadable, decode};
use crate::status::Status;
use crate::verbs::write_options::{FieldValidation, WriteOptions};

/// An object that was sent, and what its sender is warned of.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) object: Value,
    pub(crate) warnings: Vec<String>,
}

/// Reads the object of a creation or an update.
pub(crate) fn read(call: &Call<'_>, options: WriteOptions) -> Result<Sent, Status> {
    let kind = &call.kind;
    let body = call.request.body()?;
    let unrecognized = |why: &str| {
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): couldn't get version/kind; \
             json parse error: {why} ({})",
            kind.kind,
            summary(body)
        ))
    };
    let text = crate::go_text::valid(body);
    let sent: Value = serde_json::from_str(&text).map_err(|_| unrecognized(&go_error(&text)))?;
    let sent = if sent.is_null() { serde_json::json!({}) } else { sent };
    if !sent.is_object() {
        return Err(unrecognized(NO_TYPE));
    }
    let (said_version, said_kind) = (said(&sent, "apiVersion"), said(&sent, "kind"));
    let api_version = said_version.unwrap_or_else(|| kind.api_version());
    let kind_name = said_kind.unwrap_or_else(|| kind.kind.clone());
    let version = api_version.rsplit('/').next().unwrap_or_default().to_owned();
    let misfit = |why: &str| {
        let own = &kind.kind;
        let message =
            format!("{kind_name} in version {version:?} cannot be handled as a {own}: {why}");
        Status::bad_request(message)
    };
    if kind_name != kind.kind || api_version != kind.api_version() {
        return Err(misfit(&unlike(call, &kind_name, &api_version)));
    }
    let decoded = decode(kind, sent).map_err(|Unreadable(why)| misfit(&why))?;
    let warnings = unknown_fields(&decoded.unknown);
    match options.field_validation {
        FieldValidation::Strict if !warnings.is_empty() => {
            Err(misfit(&format!("strict decoding error: {}", warnings.join(", "))))
        }
        FieldValidation::Ignore => Ok(Sent { object: decoded.object, warnings: Vec::new() }),
        _ => Ok(Sent { object: decoded.object, warnings }),
    }
}

const NO_TYPE: &str = "json: cannot unmarshal array into Go value of type struct { APIVersion \
    string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";

pub(crate) fn unknown_fields(unknown: &[String]) -> Vec<String> {
    unknown.iter().map(|field| format!("unknown field {field:?}")).collect()
}

fn said(object: &Value, member: &str) -> Option<String> {
    object[member].as_str().filter(|said| !said.is_empty()).map(str::to_owned)
}

fn unlike(call: &Call<'_>, kind_name: &str, api_version: &str) -> String {
    let kind = &call.kind;
    if api_version == kind.api_version() {
        let version = &kind.version;
        let group = if kind.group.is_empty() { "core" } else { &kind.group };
        return format!(
            "converting ({version}.{kind_name}) to ({group}.{}): unknown conversion",
            kind.kind
        );
    }
    format!(
        "no kind {kind_name:?} is registered for version {api_version:?} in scheme \
         \"pkg/runtime/scheme.go:111\""
    )
}

/// What Go says of JSON that it cannot read, as far as it matters.
fn go_error(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Err(error) if error.is_eof() => "unexpected end of JSON input".to_owned(),
        Err(error) => error.to_string(),
        Ok(_) => String::new(),
    }
}

/// The beginning of a body: of JSON as it is, else in hexadecimal.
fn summary(body: &[u8]) -> String {
    const LENGTH: usize = 30;
    let end = if body.len() > LENGTH { " ..." } else { "" };
    let head = &body[..body.len().min(LENGTH)];
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{end}", String::from_utf8_lossy(head)),
        Some(_) => {
            let digits: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{}{end}", digits.concat())
        }
    }
}
