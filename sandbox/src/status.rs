//! What the server says when it does not do what it was asked.

use serde_json::{Map, Value, json};

use crate::field::FieldError;
use crate::kinds::Kind;

/// A refusal, as the API's `Status` objects tell it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    code: u16,
    reason: &'static str,
    message: String,
    details: Option<Value>,
    /// How a list that expired can be gone on with.
    continue_token: Option<String>,
}

impl Status {
    /// A refusal without details. An empty reason is one that is not known.
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, continue_token: None }
    }

    /// The HTTP status.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// Such as `NotFound`; empty where there is none.
    pub fn reason(&self) -> &str {
        self.reason
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// As the API writes it.
    pub fn to_json(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        if let Some(token) = &self.continue_token {
            status["metadata"]["continue"] = json!(token);
        }
        status
    }

    pub(crate) fn with_continue(mut self, token: String) -> Self {
        self.continue_token = Some(token);
        self
    }

    pub(crate) fn with_prefix(mut self, prefix: &str) -> Self {
        self.message.insert_str(0, prefix);
        self
    }

    pub(crate) fn with_cause(mut self, cause: &Value) -> Self {
        self.details.get_or_insert_with(|| json!({}))["causes"] = json!([cause]);
        self
    }

    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    fn about(self, kind: &Kind, name: &str) -> Self {
        self.with_details(details(&kind.group, &kind.plural, name))
    }

    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} not found", kind.qualified());
        Self::new(404, "NotFound", message).about(kind, name)
    }

    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", kind.qualified());
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    /// Somebody else wrote meanwhile, or it is another object by now.
    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.qualified());
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// The usual conflict: of an update with an old `resourceVersion`.
    pub(crate) fn modified(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Self::conflict(kind, name, why)
    }

    pub(crate) fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let named = if name.is_empty() { String::new() } else { format!(" {name:?}") };
        let message = format!("{}{named} is forbidden: {why}", kind.qualified());
        Self::new(403, "Forbidden", message).about(kind, name)
    }

    /// The object breaks rules. `kind` is as these messages have it: `ConfigMap`.
    pub(crate) fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let message = format!("{qualified} {name:?} is invalid: {}", FieldError::sentence(errors));
        let mut details = details(group, kind, name);
        details["causes"] = errors.iter().map(FieldError::to_cause).collect();
        Self::new(422, "Invalid", message).with_details(details)
    }

    /// A JSON Patch that does not apply: the server never says which operation.
    pub(crate) fn patch_failed() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::new(422, "Invalid", message).with_details(json!({}))
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn too_large(message: &str) -> Self {
        Self::new(413, "RequestEntityTooLarge", format!("Request entity too large: {message}"))
    }

    /// A resource that nobody serves.
    pub(crate) fn no_such_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
            .with_details(json!({}))
    }

    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message).with_details(json!({}))
    }

    /// The same where the handler itself says so.
    pub(crate) fn not_supported_on(kind: &Kind, action: &str) -> Self {
        let message =
            format!("{action} is not supported on resources of kind {:?}", kind.qualified());
        Self::new(405, "MethodNotAllowed", message).about(kind, "")
    }

    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// What a real server does and this one does not.
    pub(crate) fn unsupported(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("kubelock sandbox: {what} is not supported"))
    }
}

/// What a refusal is about; what is empty is left out.
pub(crate) fn details(group: &str, kind: &str, name: &str) -> Value {
    let fields = [("name", name), ("group", group), ("kind", kind)];
    let told = fields.into_iter().filter(|(_, value)| !value.is_empty());
    Value::Object(
        told.map(|(field, value)| (field.to_owned(), json!(value))).collect::<Map<_, _>>(),
    )
}
