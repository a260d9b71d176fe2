//! How a write is wanted.

use serde_json::{Value, json};

use crate::call::Call;
use crate::field::FieldError;
use crate::request::Request;
use crate::status::Status;

/// What becomes of fields that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// The parameters that writes share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteOptions {
    pub(crate) is_dry_run: bool,
    pub(crate) field_validation: FieldValidation,
}

const FIELD_MANAGER_LIMIT: usize = 128;

impl WriteOptions {
    /// `options` is how the API calls them: `CreateOptions`.
    pub(crate) fn of(call: &Call<'_>, options: &str) -> Result<Self, Status> {
        Self::read(call, options, Vec::new())
    }

    pub(crate) fn of_patch(call: &Call<'_>) -> Result<Self, Status> {
        let is_forced = call.request.query.get("force").is_some();
        let why = "may not be specified for non-apply patch";
        let forbidden = is_forced.then(|| FieldError::forbidden("force", why));
        Self::read(call, "PatchOptions", forbidden.into_iter().collect())
    }

    fn read(call: &Call<'_>, options: &str, mut errors: Vec<FieldError>) -> Result<Self, Status> {
        let request = call.request;
        let manager = request.query.get("fieldManager").unwrap_or_default();
        if manager.len() > FIELD_MANAGER_LIMIT {
            let limit = format!("{FIELD_MANAGER_LIMIT} bytes");
            errors.push(FieldError::too_long("fieldManager", &limit));
        }
        errors.extend(dry_run_errors(request));
        let wanted = request.query.get("fieldValidation").unwrap_or_default();
        let field_validation = match wanted {
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            _ => FieldValidation::Warn,
        };
        if !matches!(wanted, "" | "Ignore" | "Strict" | "Warn") {
            let supported = ["", "Ignore", "Strict", "Warn"];
            errors.push(FieldError::not_supported("fieldValidation", &json!(wanted), &supported));
        }
        if errors.is_empty() {
            return Ok(Self { is_dry_run: request.is_dry_run(), field_validation });
        }
        Err(Status::invalid("meta.k8s.io", options, "", &errors))
    }
}

fn dry_run_errors(request: &Request) -> Vec<FieldError> {
    let values: Vec<&str> = request.query.all("dryRun").collect();
    if values.iter().all(|value| *value == "All") {
        return Vec::new();
    }
    vec![FieldError::not_supported("dryRun", &Value::from(values), &["All"])]
}
