//! Whole objects in the place of others.

use crate::call::Call;
use crate::kinds::Habit;
use crate::metadata::{name, uid};
use crate::reply::Reply;
use crate::state::State;
use crate::status::Status;
use crate::verbs::write::{Part, Write};
use crate::verbs::write_options::WriteOptions;
use crate::verbs::{body, create};

pub(crate) fn update(state: &mut State, call: &Call<'_>) -> Result<Reply, Status> {
    if call.path.name.is_none() {
        return Err(Status::method_not_allowed());
    }
    let part = call.part()?;
    call.request.body()?;
    let options = WriteOptions::of(call, "UpdateOptions")?;
    call.check_body_type()?;
    let mut sent = body::read(call, options)?;
    create::place(call, &mut sent.object)?;
    check_name(call, name(&sent.object))?;
    let write = Write { kind: &call.kind, key: call.key(), part, is_dry_run: options.is_dry_run };
    let (code, stored) = match state.store.get(&write.key) {
        None if call.kind.has(Habit::CreatesByPut) && part == Part::Whole => {
            (201, write.create_by_put(state, sent.object)?)
        }
        None => return Err(Status::not_found(&call.kind, &write.key.name)),
        Some(old) => {
            check_uid(call, uid(&sent.object), uid(old))?;
            (200, write.replace(state, sent.object)?)
        }
    };
    Ok(call.object_reply(code, &stored)?.warning_of(&sent.warnings))
}

pub(crate) fn check_name(call: &Call<'_>, sent: &str) -> Result<(), Status> {
    let wanted = call.path.name.as_deref().unwrap_or_default();
    if sent == wanted {
        return Ok(());
    }
    if sent.is_empty() {
        return Err(Status::bad_request(format!(
            "the name of the object ({wanted} based on URL) was undeterminable: name must be \
             provided"
        )));
    }
    Err(Status::bad_request(format!(
        "the name of the object ({sent}) does not match the name on the URL ({wanted})"
    )))
}

/// An update of one object is no update of another one that has taken its name.
fn check_uid(call: &Call<'_>, sent: &str, found: &str) -> Result<(), Status> {
    if sent.is_empty() || sent == found {
        return Ok(());
    }
    Err(uid_conflict(call, sent, found))
}

/// The storage's own words, with the key it uses.
pub(crate) fn uid_conflict(call: &Call<'_>, sent: &str, found: &str) -> Status {
    let key = call.key();
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, \
         AdditionalErrorMsg: Precondition failed: UID in precondition: {sent}, UID in object \
         meta: {found}",
        key.storage_path(&call.kind)
    );
    Status::conflict(&call.kind, &key.name, &why)
}
