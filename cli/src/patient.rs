//! A server that is busy has not taken a request: it is asked again.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, Request, Response, StatusCode};
use kube::client::Body;
use kube::core::Status;
use serde::de::DeserializeOwned;
use tokio::time::sleep;

/// Before that, unless the server says when.
const PAUSE: Duration = Duration::from_secs(1);

/// Sends it until the server has time for it; for how long is up to the caller.
pub(crate) async fn send(
    client: &kube::Client,
    request: &Request<Vec<u8>>,
) -> kube::Result<Response<Body>> {
    loop {
        let response = client.send(request.clone().map(Body::from)).await?;
        if response.status() != StatusCode::TOO_MANY_REQUESTS {
            return Ok(response);
        }
        sleep(pause(response.headers())).await;
    }
}

/// The same, and reads the answer: what is no success is a [`kube::Error::Api`].
pub(crate) async fn request<T: DeserializeOwned>(
    client: &kube::Client,
    request: &Request<Vec<u8>>,
) -> kube::Result<T> {
    let (parts, body) = send(client, request).await?.into_parts();
    let body = body.collect_bytes().await?;
    if parts.status.is_success() {
        return serde_json::from_slice(&body).map_err(kube::Error::SerdeError);
    }
    // Proxies refuse in words of their own.
    let status = serde_json::from_slice(&body)
        .unwrap_or_else(|_| Status::failure(&String::from_utf8_lossy(&body), ""));
    Err(kube::Error::Api(status.with_code(parts.status.as_u16()).boxed()))
}

fn pause(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    seconds.map_or(PAUSE, Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use serde_json::{Value, json};
    use tokio::time::Instant;

    use super::*;

    /// What comes of a request that is answered so, and after how many seconds.
    async fn answered(
        answers: Vec<(u16, Option<&'static str>, &'static str)>,
    ) -> (kube::Result<Value>, u64) {
        let answers = Mutex::new(answers.into_iter());
        let service = tower::service_fn(move |_: Request<Body>| {
            let (code, after, body) = answers.lock().unwrap().next().unwrap();
            let response = after.map_or_else(Response::builder, |after| {
                Response::builder().header(RETRY_AFTER, after)
            });
            let response = response.status(code).body(Body::from(body.as_bytes().to_vec()));
            async { Ok::<_, Infallible>(response.unwrap()) }
        });
        let client = kube::Client::new(service, "default");
        let start = Instant::now();
        let answer = request(&client, &Request::get("/").body(Vec::new()).unwrap()).await;
        (answer, start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_server_is_asked_again_when_it_says_so_or_after_a_second() {
        let answers = vec![(429, Some("7"), ""), (429, None, "busy"), (200, None, r#"{"a":1}"#)];

        let (answer, seconds) = answered(answers).await;

        assert_eq!((answer.unwrap(), seconds), (json!({"a": 1}), 8));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_has_its_status_in_whoevers_words_it_comes() {
        let refused = async |body| match answered(vec![(403, None, body)]).await.0 {
            Err(kube::Error::Api(status)) => (status.code, status.message),
            other => panic!("{other:?}"),
        };

        let words = r#"{"kind":"Status","status":"Failure","code":403,"message":"no"}"#;
        assert_eq!(refused(words).await, (403, "no".to_owned()));
        assert_eq!(refused("<html>").await, (403, "<html>".to_owned()));
    }
}
