//! The object that a request brings.

use serde_json::{Value, json};

use crate::call::Call;
use crate::decode::{Unreadable, decode};
use crate::event;
use crate::field::FieldError;
use crate::json::{self, Document};
use crate::kinds::Kind;
use crate::metadata::name;
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
    let body = call.request.body()?;
    let document = match call.request.content_type() {
        "application/yaml" => from_yaml(call, body)?,
        _ => json::read(body).map_err(|why| unrecognized(call, body, &parse_error(&why)))?,
    };
    let sent = if document.value.is_null() { json!({}) } else { document.value };
    if !sent.is_object() {
        let why = format!("json: cannot unmarshal {} into {TYPE}", json::go_kind(&sent));
        return Err(unrecognized(call, body, &parse_error(&why)));
    }
    let said = Said::of(&sent);
    said.check(call, body, &sent)?;
    let decoded = decode(&call.kind, sent).map_err(|Unreadable(why)| said.misfit(call, &why))?;
    let duplicates = document.duplicates.iter().map(|field| format!("duplicate field {field:?}"));
    let warnings: Vec<String> = duplicates.chain(unknown_fields(&decoded.unknown)).collect();
    match options.field_validation {
        FieldValidation::Strict if !warnings.is_empty() => {
            let why = format!("strict decoding error: {}", warnings.join(", "));
            Err(said.misfit(call, &why))
        }
        FieldValidation::Ignore => Ok(Sent { object: decoded.object, warnings: Vec::new() }),
        _ => Ok(Sent { object: decoded.object, warnings }),
    }
}

const TYPE: &str = "Go value of type struct { APIVersion \
    string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";

fn from_yaml(call: &Call<'_>, body: &[u8]) -> Result<Document, Status> {
    let unreadable = |why: String| unrecognized(call, body, &format!("yaml: {why}"));
    let value: Value =
        serde_saphyr::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
    json::read_text(&value.to_string()).map_err(unreadable)
}

fn parse_error(why: &str) -> String {
    format!("couldn't get version/kind; json parse error: {why}")
}

fn unrecognized(call: &Call<'_>, body: &[u8], why: &str) -> Status {
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): {why} ({})",
        call.kind.kind,
        summary(body)
    ))
}

pub(crate) fn unknown_fields(unknown: &[String]) -> Vec<String> {
    unknown.iter().map(|field| format!("unknown field {field:?}")).collect()
}

/// What an object says it is.
struct Said {
    kind: String,
    api_version: String,
}

impl Said {
    fn of(sent: &Value) -> Self {
        let text = |member: &str| sent[member].as_str().unwrap_or_default().to_owned();
        Self { kind: text("kind"), api_version: text("apiVersion") }
    }

    /// Built-in kinds may leave it unsaid.
    fn check(&self, call: &Call<'_>, body: &[u8], sent: &Value) -> Result<(), Status> {
        let kind = &call.kind;
        if kind.is_custom {
            if self.kind.is_empty() {
                let text = String::from_utf8_lossy(body);
                let why = format!("Object 'Kind' is missing in '{text}'");
                return Err(unrecognized(call, body, &why));
            }
            if self.api_version != kind.api_version() {
                return Err(self.of_other_version(kind));
            }
            return check_custom(kind, sent);
        }
        let is_kind = self.kind.is_empty() || self.kind == kind.kind;
        if is_kind && event::is_of_sibling(kind, &self.api_version) {
            return Err(self.of_other_version(kind));
        }
        let is_version = self.api_version.is_empty() || self.api_version == kind.api_version();
        if is_kind && is_version {
            return Ok(());
        }
        Err(self.misfit(call, &self.unlike(kind, is_version)))
    }

    fn of_other_version(&self, kind: &Kind) -> Status {
        Status::bad_request(format!(
            "the API version in the data ({}) does not match the expected API version ({})",
            self.api_version,
            kind.api_version()
        ))
    }

    fn unlike(&self, kind: &Kind, is_version: bool) -> String {
        if is_version {
            let (version, group) = (&kind.version, kind.internal_group());
            let (said, own) = (&self.kind, &kind.kind);
            return format!("converting ({version}.{said}) to ({group}.{own}): unknown conversion");
        }
        let (said, version) = (self.kind(kind), &self.api_version);
        format!(
            "no kind {said:?} is registered for version {version:?} in scheme \
             \"pkg/runtime/scheme.go:111\""
        )
    }

    fn kind(&self, kind: &Kind) -> String {
        if self.kind.is_empty() { kind.kind.clone() } else { self.kind.clone() }
    }

    fn misfit(&self, call: &Call<'_>, why: &str) -> Status {
        let (said, own) = (self.kind(&call.kind), &call.kind.kind);
        let version = self.api_version.rsplit('/').next().filter(|version| !version.is_empty());
        let version = version.unwrap_or(&call.kind.version);
        Status::bad_request(format!(
            "{said} in version {version:?} cannot be handled as a {own}: {why}"
        ))
    }
}

/// An object of a custom kind has to say exactly what it is.
pub(crate) fn check_custom(kind: &Kind, object: &Value) -> Result<(), Status> {
    let text = |member: &str| object[member].as_str().unwrap_or_default();
    let (said_kind, said_version) = (text("kind"), text("apiVersion"));
    let mut errors = Vec::new();
    for (member, wanted) in [("kind", kind.kind.clone()), ("apiVersion", kind.api_version())] {
        if object[member] != wanted.as_str() {
            let why = format!("must be {wanted}");
            errors.push(FieldError::invalid(member, &object[member], &why));
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    let group = said_version.rsplit_once('/').map_or("", |(group, _)| group);
    Err(Status::invalid(group, said_kind, name(object), &errors))
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
