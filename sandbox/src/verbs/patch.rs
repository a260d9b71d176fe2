//! Changes to what is there.

use serde_json::Value;

use crate::call::Call;
use crate::decode::{Unreadable, decode};
use crate::field::FieldError;
use crate::go_text;
use crate::metadata::{name, text};
use crate::patch::{Failure, json_patch, merge_patch, strategic_patch};
use crate::reply::Reply;
use crate::state::State;
use crate::status::Status;
use crate::verbs::body::unknown_fields;
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
    let options = WriteOptions::of(call, "PatchOptions")?;
    let patch = go_text::valid(body);
    if serde_json::from_str::<serde::de::IgnoredAny>(&patch).is_err() {
        return Err(Status::bad_request("invalid JSON patch"));
    }
    let old = get::found(state, call)?;
    let patched = match patch_type {
        JSON => json_patch(&old, &patch),
        MERGE => merge_patch(&old, &patch),
        _ => strategic_patch(&old, &patch),
    };
    let patched = patched.map_err(refusal)?;
    let spelt = || kubelock_core::go_json::to_vec(&patched).unwrap_or_default();
    let spelt = || Value::from(String::from_utf8_lossy(&spelt()).into_owned());
    let invalid =
        |why: &str| Status::invalid("", "", "", &[FieldError::invalid("patch", &spelt(), why)]);
    let decoded = decode(&call.kind, patched.clone()).map_err(|Unreadable(why)| invalid(&why))?;
    let mut warnings = unknown_fields(&decoded.unknown);
    match options.field_validation {
        FieldValidation::Strict if !warnings.is_empty() => {
            return Err(invalid(&format!("strict decoding error: {}", warnings.join(", "))));
        }
        FieldValidation::Ignore => warnings.clear(),
        _ => {}
    }
    let mut object = decoded.object;
    create::place(call, &mut object)?;
    check_name(call, name(&object))?;
    let write = Write { kind: &call.kind, key: call.key(), part, is_dry_run: options.is_dry_run };
    let stored = write.replace(state, object)?;
    debug_assert!(!text(&stored, "resourceVersion").is_empty());
    Ok(call.object_reply(200, &stored)?.warning_of(&warnings))
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
