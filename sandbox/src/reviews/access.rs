//! Whether somebody may do something.

use serde_json::{Value, json};

use crate::field::FieldError;
use crate::rbac::{self, Attributes, Decision, ResourceAttributes};
use crate::state::State;
use crate::status::Status;
use crate::users::User;

use super::AUTHORIZATION;

/// `SelfSubjectAccessReview`.
pub(super) fn of_oneself(state: &State, user: &User, question: Value) -> Result<Value, Status> {
    let wanted = wanted(&question["spec"])?;
    let decision = rbac::decide(state, user, &wanted);
    Ok(answered(question, "SelfSubjectAccessReview", &decision))
}

/// `SubjectAccessReview`, or `LocalSubjectAccessReview` where there is a namespace.
pub(super) fn of_another(
    state: &State,
    question: Value,
    namespace: Option<&str>,
) -> Result<Value, Status> {
    let spec = &question["spec"];
    let wanted = wanted(spec)?;
    let user = subject(spec)?;
    if let Some(namespace) = namespace {
        is_local(&wanted, namespace)?;
    }
    let decision = rbac::decide(state, &user, &wanted);
    let kind = if namespace.is_some() { "LocalSubjectAccessReview" } else { "SubjectAccessReview" };
    Ok(answered(question, kind, &decision))
}

fn subject(spec: &Value) -> Result<User, Status> {
    let name = text(&spec["user"]);
    let groups = spec["groups"].as_array().into_iter().flatten();
    let groups: Vec<String> = groups.map(|group| text(group).to_owned()).collect();
    if name.is_empty() && groups.is_empty() {
        let why = "at least one of user or group must be specified";
        return Err(invalid("spec.user", &json!(""), why));
    }
    Ok(User::exactly(name, groups))
}

fn is_local(wanted: &Attributes, namespace: &str) -> Result<(), Status> {
    match wanted {
        Attributes::Path { path, verb } => {
            let value = json!({ "Path": path, "Verb": verb });
            let why = "disallowed on this kind of request";
            Err(invalid("spec.nonResourceAttributes", &value, why))
        }
        Attributes::Resource(to) if to.namespace != namespace => {
            let why = "must match metadata.namespace";
            Err(invalid("spec.resourceAttributes.namespace", &json!(to.namespace), why))
        }
        Attributes::Resource(_) => Ok(()),
    }
}

fn wanted(spec: &Value) -> Result<Attributes, Status> {
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    match (resource.is_object(), path.is_object()) {
        (true, false) => Ok(Attributes::Resource(resource_attributes(resource))),
        (false, true) => Ok(Attributes::Path {
            verb: text(&path["verb"]).to_owned(),
            path: text(&path["path"]).to_owned(),
        }),
        (_, has_path) => {
            let value = json!({ "Path": text(&path["path"]), "Verb": text(&path["verb"]) });
            let value = if has_path { value } else { Value::Null };
            let why =
                "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            Err(invalid("spec", &value, why))
        }
    }
}

fn resource_attributes(attributes: &Value) -> ResourceAttributes {
    let field = |name: &str| text(&attributes[name]).to_owned();
    ResourceAttributes {
        verb: field("verb"),
        group: field("group"),
        resource: field("resource"),
        subresource: field("subresource"),
        namespace: field("namespace"),
        name: field("name"),
    }
}

fn answered(mut question: Value, kind: &str, decision: &Decision) -> Value {
    let mut status = json!({ "allowed": decision.allowed });
    if !decision.reason.is_empty() {
        status["reason"] = json!(decision.reason);
    }
    question["kind"] = json!(kind);
    question["apiVersion"] = json!(format!("{AUTHORIZATION}/v1"));
    if !question["metadata"].is_object() {
        question["metadata"] = json!({});
    }
    question["status"] = status;
    question
}

/// The real server names no kind in these.
fn invalid(field: &str, value: &Value, why: &str) -> Status {
    let error = FieldError::invalid(field, value, why);
    Status::invalid(AUTHORIZATION, "", "", &[error])
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
