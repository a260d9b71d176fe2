//! Changes to what is there.

use serde_json::{Map, Value};

use crate::call::Call;
use crate::decode::{Unreadable, decode};
use crate::field::FieldError;
use crate::go_text;
use crate::json::{self, Document};
use crate::metadata::name;
use crate::patch::{Failure, json_patch, merge_patch, odd_operations, strategic_patch};
use crate::reply::Reply;
use crate::state::State;
use crate::status::Status;
use crate::verbs::body::{check_custom, unknown_fields};
use crate::verbs::update::check_name;
use crate::verbs::write::Write;
use crate::verbs::write_options::{FieldValidation, WriteOptions};
use crate::verbs::{create, get};

const JSON: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: [&str; 2] = ["application/apply-patch+yaml", "application/apply-patch+cbor"];

pub(crate) fn patch(state: &mut State, call: &Call<'_>) -> Result<Reply, Status> {
    if call.path.name.is_none() {
        return Err(Status::method_not_allowed());
    }
    let part = call.part()?;
    let patch_type = check_type(call)?;
    let body = call.request.body()?;
    let options = WriteOptions::of_patch(call)?;
    let document = json::read(body).map_err(|_| Status::bad_request("invalid JSON patch"))?;
    let mut warnings = odd_parts(patch_type, &document)?;
    let old = call.kind.served(&get::found(state, call)?);
    let patched = match patch_type {
        JSON => json_patch(&old, &go_text::valid(body)).map_err(refusal)?,
        MERGE => merge_patch(&old, members(document)),
        _ => strategic_patch(&old, &members(document)).map_err(refusal)?,
    };
    let invalid = |why: &str| invalid(&patched, why);
    let decoded = decode(&call.kind, patched.clone()).map_err(|Unreadable(why)| invalid(&why))?;
    warnings.extend(unknown_fields(&decoded.unknown));
    match options.field_validation {
        FieldValidation::Strict if !warnings.is_empty() => {
            return Err(invalid(&format!("strict decoding error: {}", warnings.join(", "))));
        }
        FieldValidation::Ignore => warnings.clear(),
        _ => {}
    }
    let mut object = decoded.object;
    check_is_kind(call, &patched, &object)?;
    create::place(call, &mut object)?;
    check_name(call, name(&object))?;
    let write = Write { kind: &call.kind, key: call.key(), part, is_dry_run: options.is_dry_run };
    let stored = write.replace(state, object)?;
    Ok(call.object_reply(200, &stored)?.warning_of(&warnings))
}

/// Reads what kind of patch it is, and tells what is odd about it.
fn odd_parts(patch_type: &str, patch: &Document) -> Result<Vec<String>, Status> {
    let undecodable = |why: String| Status::bad_request(format!("error decoding patch: {why}"));
    if patch_type == JSON {
        return odd_operations(patch).map_err(undecodable);
    }
    if !patch.value.is_object() {
        let what = json::go_kind(&patch.value);
        let why = format!("json: cannot unmarshal {what} into Go value of type {MAP}");
        return Err(match (patch_type, &patch.value) {
            (MERGE, Value::Null) => Status::bad_request("Invalid JSON Patch"),
            (MERGE, _) => undecodable(why),
            _ => Status::bad_request(why),
        });
    }
    Ok(patch.duplicates.iter().map(|field| format!("duplicate field {field:?}")).collect())
}

const MAP: &str = "map[string]interface {}";

fn members(document: Document) -> Map<String, Value> {
    match document.value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// What a patch made is no object of the kind.
fn invalid(patched: &Value, why: &str) -> Status {
    let spelt = kubelock_core::go_json::to_vec(patched).unwrap_or_default();
    let spelt = Value::from(String::from_utf8_lossy(&spelt).into_owned());
    Status::invalid("", "", "", &[FieldError::invalid("patch", &spelt, why)])
}

/// A patch cannot make another kind of an object.
fn check_is_kind(call: &Call<'_>, patched: &Value, object: &Value) -> Result<(), Status> {
    let kind = &call.kind;
    if kind.is_custom {
        return check_custom(kind, object);
    }
    let is_same = patched["kind"] == *kind.kind && patched["apiVersion"] == kind.api_version();
    if is_same {
        return Ok(());
    }
    let text = |member: &str| patched[member].as_str().unwrap_or_default();
    let why = format!(
        "unable to decode {}.{} as {}.{}",
        text("apiVersion"),
        text("kind"),
        kind.api_version(),
        kind.kind
    );
    Err(invalid(patched, &why))
}

/// Custom kinds take no strategic merge patches: nobody told how their lists are merged.
fn check_type<'a>(call: &'a Call<'_>) -> Result<&'a str, Status> {
    let patch_type = call.request.content_type();
    if APPLY.contains(&patch_type) {
        return Err(Status::unsupported("server-side apply"));
    }
    let mut taken = vec![JSON, MERGE];
    if !call.kind.is_custom {
        taken.push(STRATEGIC);
    }
    if taken.contains(&patch_type) {
        return Ok(patch_type);
    }
    taken.push(APPLY[0]);
    if !call.kind.is_custom {
        let message = "415: Unsupported Media Type";
        return Err(Status::new(415, "UnsupportedMediaType", message)
            .with_details(Value::Object(Map::new())));
    }
    Err(Status::new(
        415,
        "UnsupportedMediaType",
        format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            taken.join(", ")
        ),
    ))
}

fn refusal(failure: Failure) -> Status {
    match failure {
        Failure::Undecodable(why) if why.starts_with("kubelock sandbox") => {
            Status::new(501, "NotImplemented", why)
        }
        Failure::Undecodable(why) => Status::bad_request(why),
        Failure::TooLarge(why) => Status::too_large(&why),
        Failure::Inapplicable => Status::patch_failed(),
        Failure::Panic => {
            let message = "This request caused apiserver to panic. Look in the logs for details.";
            Status::new(500, "InternalError", message)
        }
    }
}
