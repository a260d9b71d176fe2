//! The layer that says who we are, with a token that is kept good.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{Request, Response};
use kube::client::AuthError;
use tower::{BoxError, Layer, Service};

use super::credentials::Credentials;
use crate::failure::Failure;

/// Adds [`Auth`].
#[derive(Clone)]
pub(super) struct AuthLayer(pub(super) Credentials);

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth { inner, credentials: self.0.clone() }
    }
}

/// Sends each request with the token of its time.
///
/// A request that is answered with 401 is not sent again: the lock protocol counts requests, takes
/// a 401 as the answer that it is, and tries again at its own pace. The next one has a new token.
#[derive(Clone)]
pub(super) struct Auth<S> {
    inner: S,
    credentials: Credentials,
}

impl<S, B, R> Service<Request<B>> for Auth<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, BoxError>> + Send>>;

    /// Never fails: an error here would end the client for good.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let unready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, unready);
        let credentials = self.credentials.clone();
        Box::pin(async move {
            let pass = credentials.pass().await.map_err(|why| not_sent(&why))?;
            request.headers_mut().insert(AUTHORIZATION, pass.header.clone());
            let answer = inner.call(request).await.map_err(Into::into)?;
            credentials.answered(&pass, answer.status());
            Ok(answer)
        })
    }
}

/// The library knows by this error that nothing was sent.
fn not_sent(why: &Failure) -> BoxError {
    kube::Error::Auth(AuthError::AuthExec(why.message.clone())).into()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::time::SystemTime;

    use http::StatusCode;
    use tower::{ServiceBuilder, ServiceExt, service_fn};

    use super::super::credentials::Source;
    use super::super::token::{Expiry, Token};
    use super::*;

    /// It has one token, and no other.
    struct Empty;

    impl Source for Empty {
        fn name(&self) -> String {
            "the script".to_owned()
        }

        fn fetch(&self) -> Result<Token, Failure> {
            Err(Failure::failed("the script is broken"))
        }
    }

    fn credentials(expiry: Expiry) -> Credentials {
        let token = Token::new("hush-hush", expiry).unwrap();
        Credentials::new(Arc::new(Empty), token, SystemTime::UNIX_EPOCH)
    }

    /// Sends one request; the server answers 401 to all, and tells whether it saw the token.
    async fn send(credentials: &Credentials) -> Result<Response<bool>, BoxError> {
        let server = service_fn(async |request: Request<()>| {
            let header = &request.headers()[AUTHORIZATION];
            let mut answer = Response::new(header == "Bearer hush-hush" && header.is_sensitive());
            *answer.status_mut() = StatusCode::UNAUTHORIZED;
            Ok::<_, Infallible>(answer)
        });
        let service = ServiceBuilder::new().layer(AuthLayer(credentials.clone())).service(server);
        service.oneshot(Request::new(())).await
    }

    #[tokio::test]
    async fn a_request_carries_the_token_marked_as_sensitive_and_a_401_is_handed_on() {
        let credentials = credentials(Expiry::Never);
        for _ in 0..2 {
            let answer = send(&credentials).await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
            assert!(answer.into_body());
        }
        assert!(credentials.trouble().is_some());
    }

    #[tokio::test]
    async fn a_request_that_is_not_sent_fails_as_the_library_understands() {
        let credentials = credentials(Expiry::Ends(SystemTime::now()));
        let error = send(&credentials).await.unwrap_err();

        let error = error.downcast::<kube::Error>().unwrap();
        assert!(matches!(*error, kube::Error::Auth(AuthError::AuthExec(_))), "{error}");
    }
}
