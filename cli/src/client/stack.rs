//! The HTTP client, layer by layer.

use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{Request, Uri};
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt};
use tower::{BoxError, Service, ServiceBuilder};

use super::auth_layer::AuthLayer;
use super::proxy::Proxy;
use super::reach::{Milestone, NotingReach, Reach};
use super::wire::WireLayer;
use super::{Access, Endpoint};
use crate::failure::Failure;
use crate::output::text;
use crate::secrets;

/// Idle connections are probed so often, so that a dead peer is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Builds the client by hand: kube's own repeats requests, delays small writes
/// and runs a credential plugin several times.
pub(super) fn client(
    access: &Access,
    reach: &Reach,
    verbose: bool,
) -> Result<kube::Client, BoxError> {
    let tcp =
        NotingReach { connector: tcp(), reach: reach.clone(), milestone: Milestone::Accepted };
    let Some(Proxy { intercept: proxy, .. }) = &access.proxy else {
        return assemble(access, tcp, reach, verbose);
    };
    match proxy.uri().scheme_str() {
        Some("socks5" | "socks5h") => assemble(access, socks(proxy, tcp), reach, verbose),
        Some("https") => {
            let secure = access.config.rustls_https_connector_with_connector(tcp)?;
            assemble(access, tunnel(proxy, secure), reach, verbose)
        }
        Some("http") => assemble(access, tunnel(proxy, tcp), reach, verbose),
        _ => Err("the proxy is neither http, https nor socks5".into()),
    }
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEP_ALIVE));
    tcp
}

fn tunnel<C>(proxy: &Intercept, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy.uri().clone(), connector);
    match proxy.basic_auth() {
        Some(auth) => tunnel.with_auth(auth.clone()),
        None => tunnel,
    }
}

fn socks<C>(proxy: &Intercept, connector: C) -> SocksV5<C> {
    let socks = SocksV5::new(proxy.uri().clone(), connector);
    match proxy.raw_auth() {
        Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
        None => socks,
    }
}

/// From the outside in: what is seen and named, who is impersonated, who we are, where it goes.
fn assemble<C>(
    access: &Access,
    connector: C,
    reach: &Reach,
    verbose: bool,
) -> Result<kube::Client, BoxError>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    let config = &access.config;
    let connector = config.rustls_https_connector_with_connector(connector)?;
    let connector = NotingReach { connector, reach: reach.clone(), milestone: Milestone::Open };
    let http: Client<_, Body> = Builder::new(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .layer(WireLayer { verbose, reach: reach.clone() })
        .layer(config.extra_headers_layer()?)
        .option_layer(config.auth_layer()?)
        .option_layer(access.credentials.clone().map(AuthLayer))
        .layer(config.base_uri_layer())
        .map_request(hiding_credentials)
        .map_err(BoxError::from)
        .service(http);
    Ok(kube::Client::new(service, config.default_namespace.clone()))
}

/// Whoever it was that authorized the request, and however often that is renewed.
fn hiding_credentials<B>(request: Request<B>) -> Request<B> {
    request.headers().get(AUTHORIZATION).into_iter().for_each(secrets::learn_authorization);
    request
}

/// A certificate, key or credential that cannot be used.
pub(super) fn unusable(error: &BoxError, endpoint: &Endpoint) -> Failure {
    let Endpoint { address, origin, .. } = endpoint;
    let why = match error.downcast_ref::<kube::Error>() {
        Some(kube::Error::RustlsTls(error)) => {
            format!("its certificates or keys cannot be used: {error}")
        }
        // These may carry what a provider said.
        Some(kube::Error::Auth(_)) => "its credentials cannot be used".to_owned(),
        Some(_) => "its certificates or keys cannot be read".to_owned(),
        None => error.to_string(),
    };
    Failure::usage(format!(
        "cannot prepare the connection to {address} ({origin}): {}",
        text::line(&why)
    ))
}
