//! New objects.

use serde_json::Value;

use crate::call::Call;
use crate::key::Key;
use crate::metadata::{name, set, text};
use crate::reply::Reply;
use crate::state::State;
use crate::status::Status;
use crate::verbs::body;
use crate::verbs::write::{Part, Write};
use crate::verbs::write_options::WriteOptions;

/// How often a generated name is tried.
const NAME_ATTEMPTS: usize = 8;

pub(crate) fn create(state: &mut State, call: &Call<'_>) -> Result<Reply, Status> {
    if call.path.subresource.is_some() {
        return Err(call.no_such_action("create"));
    }
    if call.path.name.is_some() || (call.kind.namespaced && call.path.namespace.is_none()) {
        return Err(Status::method_not_allowed());
    }
    call.check_body_type()?;
    call.request.body()?;
    let options = WriteOptions::of(call, "CreateOptions")?;
    let mut sent = body::read(call, options)?;
    place(call, &mut sent.object)?;
    state.check_namespace(&call.kind, call.namespace(), name(&sent.object))?;
    let write = |name: &str| Write {
        kind: &call.kind,
        key: Key::new(&call.kind, call.namespace(), name),
        part: Part::Whole,
        is_dry_run: options.is_dry_run,
    };
    let prefix = text(&sent.object, "generateName").to_owned();
    let stored = if prefix.is_empty() || !name(&sent.object).is_empty() {
        write(name(&sent.object)).create(state, sent.object.clone())?
    } else {
        let mut attempt = || {
            let name = format!("{}{}", head(&prefix), state.uids.next_suffix());
            write(&name).create(state, sent.object.clone())
        };
        let mut outcome = attempt();
        for _ in 1..NAME_ATTEMPTS {
            match &outcome {
                Err(status) if status.reason() == "AlreadyExists" => outcome = attempt(),
                _ => break,
            }
        }
        outcome?
    };
    Ok(call.object_reply(201, &stored)?.warning_of(&sent.warnings))
}

/// What fits into a label together with the suffix.
fn head(prefix: &str) -> &str {
    const LIMIT: usize = 58;
    let end = (0..=LIMIT.min(prefix.len())).rev().find(|end| prefix.is_char_boundary(*end));
    &prefix[..end.unwrap_or_default()]
}

/// An object goes where the request says, and must not say otherwise.
pub(crate) fn place(call: &Call<'_>, object: &mut Value) -> Result<(), Status> {
    let own = text(object, "namespace");
    if !own.is_empty() && own != call.namespace() && call.kind.namespaced {
        let why = "the namespace of the provided object does not match the namespace sent on the \
                   request";
        return Err(Status::bad_request(why));
    }
    let namespace = call.namespace();
    set(object, "namespace", (!namespace.is_empty()).then(|| namespace.into()));
    Ok(())
}
