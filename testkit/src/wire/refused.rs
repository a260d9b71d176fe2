//! Connections that do not come about, without a socket.

use std::future::ready;
use std::io::{Error, ErrorKind};

use http::{Request, Uri};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::client::Body;
use tokio::net::TcpStream;
use tower::BoxError;

/// The error of a client that nobody let in: hyper's own, so that what tells a request that was
/// never sent from one that may have been is put to the test, too.
///
/// # Panics
/// Never: there is nobody to let it in.
pub async fn refused() -> BoxError {
    let nowhere = tower::service_fn(|_: Uri| {
        ready(Err::<TokioIo<TcpStream>, _>(Error::from(ErrorKind::ConnectionRefused)))
    });
    let client = legacy::Client::builder(TokioExecutor::new()).build(nowhere);
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static("http://nowhere.invalid/");
    match client.request(request).await {
        Err(error) => error.into(),
        Ok(_) => unreachable!("nobody is there"),
    }
}
