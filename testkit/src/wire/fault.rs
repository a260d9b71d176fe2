//! What can happen to a request.

use std::time::Duration;

use http::Response;
use kube::client::Body;
use tower::BoxError;

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing: it arrives and is answered.
    None,
    /// It arrives; the connection is cut before the answer.
    LoseReply,
    /// The connection is cut before it arrives.
    CutBefore,
    /// No connection comes about.
    Refuse,
    /// It never arrives, and no answer comes.
    Hang,
    /// It arrives, and no answer comes.
    HangAfter,
    /// It does not arrive: this answer comes instead.
    Answer(Reply),
    /// It arrives, and this answer comes instead of the server's.
    AnswerAfter(Reply),
    /// The connection is cut, and so much later it arrives all the same.
    ArriveLate(Duration),
    /// It arrives; so long after the answer began, its body ends as if that was all.
    EndAfter(Duration),
    /// It arrives; so long after the answer began, the connection is cut.
    CutAfter(Duration),
    /// It arrives; the answer begins, and nothing of its body ever comes.
    Silent,
}

/// An answer of our making.
#[derive(Debug, Clone)]
pub struct Reply {
    code: u16,
    reason: &'static str,
    retry_after: Option<u64>,
}

impl Reply {
    /// An answer with this status, whose body is a Kubernetes `Status` with this reason.
    pub fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason, retry_after: None }
    }

    /// The same, asking to come back after so many seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    pub(super) fn response(&self) -> Result<Response<Body>, BoxError> {
        let mut builder =
            Response::builder().status(self.code).header("content-type", "application/json");
        if let Some(seconds) = self.retry_after {
            builder = builder.header("retry-after", seconds);
        }
        let status = serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure",
            "code": self.code, "reason": self.reason, "message": format!("injected {}", self.code),
        });
        Ok(builder.body(Body::from(serde_json::to_vec(&status)?))?)
    }
}
