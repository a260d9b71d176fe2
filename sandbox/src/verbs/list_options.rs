//! How a list or a watch is wanted.

use serde_json::json;

use crate::call::Call;
use crate::field::FieldError;
use crate::status::Status;

/// How a list has to fit the version that is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    NotOlderThan,
    Exact,
}

/// The parameters that lists and watches share.
#[derive(Debug)]
pub(crate) struct ListOptions {
    /// 0 is none.
    pub(crate) limit: usize,
    pub(crate) continue_token: Option<String>,
    /// `None` is the newest, as is 0.
    pub(crate) version: Option<u64>,
    pub(crate) version_match: Match,
    pub(crate) sends_initial_events: bool,
    pub(crate) allows_bookmarks: bool,
    pub(crate) timeout_seconds: Option<u64>,
}

impl ListOptions {
    pub(crate) fn of_list(call: &Call<'_>) -> Result<Self, Status> {
        let mut errors = Vec::new();
        let query = &call.request.query;
        let version = query.get("resourceVersion").unwrap_or_default();
        let wanted = query.get("resourceVersionMatch").unwrap_or_default();
        let field = "resourceVersionMatch";
        if !wanted.is_empty() {
            if version.is_empty() {
                let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
                errors.push(FieldError::forbidden(field, why));
            }
            if query.get("continue").is_some_and(|token| !token.is_empty()) {
                let why = "resourceVersionMatch is forbidden when continue is provided";
                errors.push(FieldError::forbidden(field, why));
            }
            if !matches!(wanted, "Exact" | "NotOlderThan") {
                let supported = ["Exact", "NotOlderThan", ""];
                errors.push(FieldError::not_supported(field, &json!(wanted), &supported));
            }
            if wanted == "Exact" && version == "0" {
                let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
                errors.push(FieldError::forbidden(field, why));
            }
        }
        if query.get("sendInitialEvents").is_some() {
            let why = "sendInitialEvents is forbidden for list";
            errors.push(FieldError::forbidden("sendInitialEvents", why));
        }
        refuse(&errors)?;
        let is_number = version.is_empty() || version.parse::<u64>().is_ok();
        if !is_number {
            let why = format!("invalid resource version: {}", bad_version(version));
            return Err(Status::bad_request(why));
        }
        Self::read(call)
    }

    pub(crate) fn of_watch(call: &Call<'_>) -> Result<Self, Status> {
        let mut errors = Vec::new();
        let query = &call.request.query;
        let wanted = query.get("resourceVersionMatch").unwrap_or_default();
        let field = "resourceVersionMatch";
        let has_initial = query.get("sendInitialEvents").is_some();
        if has_initial && wanted != "NotOlderThan" {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            errors.push(FieldError::forbidden(field, why));
        }
        if !wanted.is_empty() {
            if !has_initial {
                let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is \
                           provided";
                errors.push(FieldError::forbidden(field, why));
            }
            if wanted != "NotOlderThan" {
                let supported = ["NotOlderThan"];
                errors.push(FieldError::not_supported(field, &json!(wanted), &supported));
            }
        }
        refuse(&errors)?;
        Self::read(call)
    }

    fn read(call: &Call<'_>) -> Result<Self, Status> {
        let query = &call.request.query;
        let limit: i64 = query.number("limit")?.unwrap_or_default();
        let version = query.get("resourceVersion").filter(|version| !version.is_empty());
        let no_number = |text: &str| Status::new(500, "", bad_version(text));
        let version = version.map(|text| text.parse().map_err(|_| no_number(text))).transpose()?;
        let continue_token = query.get("continue").filter(|token| !token.is_empty());
        if let (Some(_), Some(1..)) = (continue_token, version) {
            let why = "specifying resource version is not allowed when using continue";
            return Err(Status::bad_request(why));
        }
        let version = version.filter(|version| *version > 0);
        // A page of a version is of that version exactly, even if nobody says so.
        let is_exact = match query.get("resourceVersionMatch").unwrap_or_default() {
            "Exact" => true,
            "" => limit > 0 && version.is_some(),
            _ => false,
        };
        Ok(Self {
            limit: usize::try_from(limit).unwrap_or_default(),
            continue_token: continue_token.map(str::to_owned),
            version,
            version_match: if is_exact { Match::Exact } else { Match::NotOlderThan },
            sends_initial_events: query.is_true("sendInitialEvents"),
            allows_bookmarks: query.is_true("allowWatchBookmarks"),
            timeout_seconds: query.number("timeoutSeconds")?,
        })
    }
}

fn refuse(errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid("meta.k8s.io", "ListOptions", "", errors))
}

/// What is wrong with a version that is no number.
pub(crate) fn bad_version(text: &str) -> String {
    format!(
        "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid \
         syntax"
    )
}
