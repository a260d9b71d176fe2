//! One request, read.

use http::Method;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes};
use tower::BoxError;

use crate::protobuf;
use crate::query::Query;
use crate::status::Status;
use crate::users::User;

/// As on the real server.
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// What was asked, and by whom.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) user: User,
    /// `None` where it is too large.
    body: Option<Bytes>,
}

impl Request {
    pub(crate) async fn read<B>(request: http::Request<B>) -> Result<Self, BoxError>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let body = match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(collected) => Some(collected.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => None,
            Err(error) => return Err(error),
        };
        Ok(Self::of(parts, body).in_json())
    }

    fn of(parts: Parts, body: Option<Bytes>) -> Self {
        let Parts { method, uri, headers, extensions, .. } = parts;
        Self {
            method,
            path: uri.path().to_owned(),
            query: Query::parse(uri.query().unwrap_or_default()),
            headers,
            user: extensions.get().cloned().unwrap_or_else(User::administrator),
            body,
        }
    }

    /// What a watch keeps of the request that opened it.
    pub(crate) fn without_body(&self) -> Self {
        Self {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            user: self.user.clone(),
            body: None,
        }
    }

    /// Bodies that Go's clients send as protobuf are read as the JSON they stand for.
    fn in_json(mut self) -> Self {
        let json = match &self.body {
            Some(body) if self.content_type() == protobuf::MEDIA_TYPE => protobuf::to_json(body),
            _ => None,
        };
        if let Some(json) = json {
            self.body = Some(json);
            let json = HeaderValue::from_static("application/json");
            self.headers.insert(header::CONTENT_TYPE, json);
        }
        self
    }

    pub(crate) fn body(&self) -> Result<&[u8], Status> {
        let too_large = || Status::too_large(&format!("limit is {BODY_LIMIT}"));
        self.body.as_deref().ok_or_else(too_large)
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// The media type of the body, without its parameters.
    pub(crate) fn content_type(&self) -> &str {
        let whole = self.header(header::CONTENT_TYPE);
        whole.split(';').next().unwrap_or_default().trim()
    }

    /// Whether the answer is for people: asked for, or sent by a program that shows it.
    pub(crate) fn wants_pretty(&self) -> bool {
        match self.query.get("pretty").filter(|wanted| !wanted.is_empty()) {
            Some(wanted) => matches!(wanted, "1" | "t" | "T" | "true" | "TRUE" | "True"),
            None => {
                let agent = self.header(header::USER_AGENT);
                ["curl", "Wget", "Mozilla/5.0"].iter().any(|program| agent.starts_with(program))
            }
        }
    }

    /// Whether everything is to be done but stored.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.query.all("dryRun").any(|value| value == "All")
    }
}
