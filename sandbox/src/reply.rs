//! One answer.

use http::{HeaderValue, Response, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use serde_json::Value;
use tower::BoxError;

use crate::status::Status;

/// Of an answer; a watch's does not end soon.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// What is answered, without what all answers have.
pub(crate) struct Reply {
    code: u16,
    content_type: String,
    body: Body,
    warnings: Vec<String>,
}

impl Reply {
    pub(crate) fn json(code: u16, json: &Value) -> Self {
        Self::json_as(code, "application/json", json)
    }

    /// JSON that is said to be of some form: `application/json;as=…`.
    pub(crate) fn json_as(code: u16, content_type: &str, json: &Value) -> Self {
        let mut bytes = kubelock_core::go_json::to_vec(json).unwrap_or_default();
        bytes.push(b'\n');
        Self::bytes(code, content_type, bytes.into())
    }

    pub(crate) fn text(code: u16, text: &str) -> Self {
        Self::bytes(code, "text/plain; charset=utf-8", Bytes::copy_from_slice(text.as_bytes()))
    }

    pub(crate) fn stream(body: Body) -> Self {
        Self { code: 200, content_type: "application/json".into(), body, warnings: Vec::new() }
    }

    pub(crate) fn refusal(status: &Status) -> Self {
        Self::json(status.code(), &status.to_json())
    }

    /// What the client shows its user.
    pub(crate) fn warning_of(mut self, warnings: &[String]) -> Self {
        self.warnings.extend_from_slice(warnings);
        self
    }

    fn bytes(code: u16, content_type: &str, bytes: Bytes) -> Self {
        let body = Full::from(bytes).map_err(Into::into).boxed_unsync();
        Self { code, content_type: content_type.to_owned(), body, warnings: Vec::new() }
    }

    pub(crate) fn into_response(self, date: &str) -> Result<Response<Body>, http::Error> {
        let mut response = Response::builder()
            .status(self.code)
            .header(header::CONTENT_TYPE, self.content_type)
            .header(header::CACHE_CONTROL, "no-cache, private")
            .header(header::DATE, date);
        for warning in &self.warnings {
            let quoted = format!("299 - {}", quoted(warning));
            if let Ok(value) = HeaderValue::from_str(&quoted) {
                response = response.header(header::WARNING, value);
            }
        }
        response.body(self.body)
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
