//! One answer.

use http::{HeaderValue, Response, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use tower::BoxError;

use crate::accept::{self, Language};
use crate::request::Request;
use crate::status::Status;
use crate::yaml;

/// Of an answer; a watch's does not end soon.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// What is answered, without what all answers have.
pub(crate) struct Reply {
    code: u16,
    content_type: String,
    content: Content,
    warnings: Vec<String>,
}

enum Content {
    Json(Value),
    Text(String),
    Stream(Body),
}

const JSON: &str = "application/json";

impl Reply {
    /// JSON, or YAML for who prefers it.
    pub(crate) fn json(code: u16, json: Value) -> Self {
        Self::json_as(code, JSON, json)
    }

    /// JSON that is said to be of some form: `application/json;as=…`.
    pub(crate) fn json_as(code: u16, content_type: &str, json: Value) -> Self {
        Self::new(code, content_type, Content::Json(json))
    }

    pub(crate) fn text(code: u16, text: &str) -> Self {
        Self::new(code, "text/plain; charset=utf-8", Content::Text(text.to_owned()))
    }

    pub(crate) fn stream(body: Body) -> Self {
        Self::new(200, JSON, Content::Stream(body))
    }

    pub(crate) fn refusal(status: &Status) -> Self {
        Self::json(status.code(), status.to_json())
    }

    fn new(code: u16, content_type: &str, content: Content) -> Self {
        Self { code, content_type: content_type.to_owned(), content, warnings: Vec::new() }
    }

    /// What the client shows its user.
    pub(crate) fn warning_of(mut self, warnings: &[String]) -> Self {
        self.warnings.extend_from_slice(warnings);
        self
    }

    pub(crate) fn into_response(
        self,
        request: &Request,
        date: &str,
    ) -> Result<Response<Body>, http::Error> {
        let language = match accept::language(request.header(header::ACCEPT)) {
            Language::Yaml if self.content_type == JSON => Language::Yaml,
            _ => Language::Json,
        };
        let (body, content_type) = match self.content {
            Content::Json(json) if language == Language::Yaml => {
                (whole(yaml::write(&json).into_bytes()), "application/yaml")
            }
            Content::Json(json) => (whole(written(&json, request)), self.content_type.as_str()),
            Content::Text(text) => (whole(text.into_bytes()), self.content_type.as_str()),
            Content::Stream(body) => (body, self.content_type.as_str()),
        };
        let mut response = Response::builder()
            .status(self.code)
            .header(header::CONTENT_TYPE, content_type)
            .header(header::CACHE_CONTROL, "no-cache, private")
            .header(header::DATE, date);
        for warning in &self.warnings {
            let quoted = format!("299 - {}", quoted(warning));
            if let Ok(value) = HeaderValue::from_str(&quoted) {
                response = response.header(header::WARNING, value);
            }
        }
        response.body(body)
    }
}

fn whole(bytes: Vec<u8>) -> Body {
    Full::from(bytes).map_err(Into::into).boxed_unsync()
}

fn written(json: &Value, request: &Request) -> Vec<u8> {
    let written = if request.wants_pretty() {
        serde_json::to_vec_pretty(&Ordered(json))
    } else {
        kubelock_core::go_json::to_vec(&Ordered(json))
    };
    let mut bytes = written.unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// A value whose objects begin with what they are.
pub(crate) struct Ordered<'a>(pub(crate) &'a Value);

const FIRST: [&str; 4] = ["type", "kind", "apiVersion", "metadata"];

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => serialize_members(members, serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            other => other.serialize(serializer),
        }
    }
}

fn serialize_members<S: Serializer>(
    members: &Map<String, Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(members.len()))?;
    for name in FIRST {
        if let Some(value) = members.get(name) {
            map.serialize_entry(name, &Ordered(value))?;
        }
    }
    for (name, value) in members.iter().filter(|(name, _)| !FIRST.contains(&name.as_str())) {
        map.serialize_entry(name, &Ordered(value))?;
    }
    map.end()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
