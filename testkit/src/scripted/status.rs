//! What the server says when it does not do what it was asked.

use serde_json::{Value, json};

use super::target::Target;

/// The body of a failure, and its HTTP status.
#[derive(Debug, Clone)]
pub(super) struct Status {
    pub(super) code: u16,
    reason: &'static str,
    message: String,
    details: Value,
}

impl Status {
    pub(super) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: json!({}) }
    }

    fn about(self, target: &Target) -> Self {
        Self { details: details(target), ..self }
    }

    /// The one status that is no failure.
    pub(super) fn deleted(target: &Target, uid: &Value) -> Value {
        let mut details = details(target);
        details["uid"] = uid.clone();
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": details,
        })
    }

    pub(super) fn not_found(target: &Target) -> Self {
        let message = format!("{} not found", quoted(target));
        Self::new(404, "NotFound", message).about(target)
    }

    pub(super) fn already_exists(target: &Target) -> Self {
        let message = format!("{} already exists", quoted(target));
        Self::new(409, "AlreadyExists", message).about(target)
    }

    pub(super) fn conflict(target: &Target) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {}: the object has been modified; please apply \
             your changes to the latest version and try again",
            quoted(target)
        );
        Self::new(409, "Conflict", message).about(target)
    }

    /// A JSON Patch that does not apply: the server never says which operation.
    pub(super) fn patch_failed() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::new(422, "Invalid", message)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// A path that nobody serves.
    pub(super) fn no_such_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    pub(super) fn too_old(asked: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "details": self.details,
            "code": self.code,
        })
    }
}

fn details(target: &Target) -> Value {
    let mut details = json!({ "kind": target.resource, "name": target.name });
    if !target.group.is_empty() {
        details["group"] = json!(target.group);
    }
    details
}

fn quoted(target: &Target) -> String {
    format!("{} \"{}\"", target.qualified(), target.name.as_deref().unwrap_or_default())
}
