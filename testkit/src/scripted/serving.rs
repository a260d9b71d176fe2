//! One request, its way to the sandbox and back.

use std::time::Duration;

use futures_util::FutureExt;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use serde_json::Value;
use tower::{BoxError, Service};

use super::ScriptedServer;
use super::watches::TooOld;
use super::watching;

type Answer = Response<sandbox::Body>;

pub(super) async fn serve(
    server: ScriptedServer,
    request: Request<Body>,
) -> Result<Answer, BoxError> {
    let (parts, body) = request.into_parts();
    let body = body.collect_bytes().await?;
    let is_watch = parts
        .uri
        .query()
        .is_some_and(|query| query.split('&').any(|pair| matches!(pair, "watch=true" | "watch=1")));
    travel(server.latency()).await;
    let request = Request::from_parts(parts, Full::from(body));
    let answer = server.sandbox.service().call(request).await?;
    let answer = if is_watch { watched(&server, answer) } else { answer };
    travel(server.latency()).await;
    Ok(answer)
}

async fn travel(latency: Duration) {
    let half = latency / 2;
    if !half.is_zero() {
        tokio::time::sleep(half).await;
    }
}

fn watched(server: &ScriptedServer, answer: Answer) -> Answer {
    if answer.status() != StatusCode::OK {
        return answer;
    }
    let (mut parts, mut body) = answer.into_parts();
    let first = body.frame().now_or_never().flatten();
    let told = first.as_ref().and_then(|told| told.as_ref().ok()).and_then(Frame::data_ref);
    match told.and_then(expired) {
        Some(status) if server.watches.plan().too_old == TooOld::Answer => {
            parts.status = StatusCode::GONE;
            parts
                .headers
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let body = Full::from(status.to_string()).map_err(Into::into).boxed_unsync();
            Response::from_parts(parts, body)
        }
        _ => Response::from_parts(parts, watching::wrapped(body, first, &server.watches)),
    }
}

/// The status of an event that says that the version is too old.
fn expired(line: &Bytes) -> Option<Value> {
    let mut event: Value = serde_json::from_slice(line).ok()?;
    let is_expired = event["type"] == "ERROR" && event["object"]["code"] == 410;
    is_expired.then(|| event["object"].take())
}
