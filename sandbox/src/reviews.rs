//! Questions about access that are asked by creating an object nobody keeps.

mod access;
mod rules;

use serde_json::{Value, json};

use crate::path::ResourcePath;
use crate::request::Request;
use crate::state::State;
use crate::status::Status;
use crate::users::User;

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

/// The kinds that such questions are of, with their groups; the version is `v1`.
pub(crate) const KINDS: [(&str, &str); 5] = [
    (AUTHENTICATION, "SelfSubjectReview"),
    (AUTHORIZATION, "LocalSubjectAccessReview"),
    (AUTHORIZATION, "SelfSubjectAccessReview"),
    (AUTHORIZATION, "SelfSubjectRulesReview"),
    (AUTHORIZATION, "SubjectAccessReview"),
];

/// What is answered to a `POST` at this path; `None` where it is no question.
pub(crate) fn answer(
    state: &State,
    request: &Request,
    user: &User,
    path: &ResourcePath,
) -> Option<Result<Value, Status>> {
    let kind = kind_at(path)?;
    let is_local = kind == "LocalSubjectAccessReview";
    if path.namespace.is_some() != is_local {
        return Some(Err(Status::no_such_resource()));
    }
    Some(asked(request, kind).and_then(|question| match kind {
        "SelfSubjectReview" => Ok(whoami(state, user)),
        "SelfSubjectRulesReview" => rules::answer(state, user, &question),
        "SelfSubjectAccessReview" => access::of_oneself(state, user, question),
        _ => access::of_another(state, question, path.namespace.as_deref()),
    }))
}

fn kind_at(path: &ResourcePath) -> Option<&'static str> {
    let is_it = |(group, kind): &(&str, &str)| {
        path.group == *group && path.plural == format!("{}s", kind.to_lowercase())
    };
    let is_collection = path.version == "v1" && path.name.is_none();
    KINDS.into_iter().find(is_it).filter(|_| is_collection).map(|(_, kind)| kind)
}

/// The question, which says its own kind or none.
fn asked(request: &Request, kind: &str) -> Result<Value, Status> {
    let question: Value = serde_json::from_slice(request.body()?)
        .map_err(|error| Status::bad_request(format!("the body is not JSON: {error}")))?;
    let said = question["kind"].as_str().unwrap_or_default();
    if !question.is_object() || !(said.is_empty() || said == kind) {
        let version = question["apiVersion"].as_str().unwrap_or_default();
        return Err(Status::bad_request(format!(
            "{said} in version {version:?} cannot be handled as a {kind}"
        )));
    }
    Ok(question)
}

fn whoami(state: &State, user: &User) -> Value {
    json!({
        "kind": "SelfSubjectReview", "apiVersion": format!("{AUTHENTICATION}/v1"),
        "metadata": { "creationTimestamp": state.clock.timestamp() },
        "status": { "userInfo": { "username": user.name(), "groups": user.groups() } },
    })
}
