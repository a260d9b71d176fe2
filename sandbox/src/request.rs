//! One request, read.

use http::Method;
use http::header::{self, HeaderMap};
use http::request::Parts;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes};
use tower::BoxError;

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
        Ok(Self::of(parts, body))
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

    /// Whether everything is to be done but stored.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.query.all("dryRun").any(|value| value == "All")
    }
}
