//! Through which proxy, by Go's rules.

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::failure::Failure;
use crate::secrets;

/// A proxy, and who named it.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) intercept: Intercept,
    origin: &'static str,
}

impl Proxy {
    /// `the proxy http://10.0.0.1:3128 (proxy-url of the kubeconfig)`, without its credentials.
    pub(super) fn describe(&self) -> String {
        format!("the proxy {} ({})", super::address(self.intercept.uri()), self.origin)
    }

    /// What it is told of us is nobody else's business.
    fn hide_credentials(&self) {
        if let Some(header) = self.intercept.basic_auth() {
            secrets::learn_authorization(header);
        }
        if let Some((_, password)) = self.intercept.raw_auth() {
            secrets::learn(password);
        }
    }
}

/// The kubeconfig's proxy, which always counts, else the environment's.
pub(super) fn choose(configured: Option<&str>, server: &Uri) -> Result<Option<Proxy>, Failure> {
    let proxy = match configured.filter(|url| !url.is_empty()) {
        Some(url) => Some(of_kubeconfig(url, server)?),
        None => from_env(server),
    };
    proxy.iter().for_each(Proxy::hide_credentials);
    Ok(proxy)
}

fn of_kubeconfig(url: &str, server: &Uri) -> Result<Proxy, Failure> {
    let intercept = Matcher::builder().all(url).build().intercept(server).ok_or_else(|| {
        Failure::usage("the proxy-url of the kubeconfig is no URL of a proxy")
            .hint("it begins with http://, https:// or socks5://, and names a host")
    })?;
    Ok(Proxy { intercept, origin: "proxy-url of the kubeconfig" })
}

/// kube matches `NO_PROXY` against the proxy's own address: hence not kube's.
fn from_env(server: &Uri) -> Option<Proxy> {
    if server.host().is_none_or(is_loopback) {
        return None;
    }
    let matcher = Matcher::builder()
        .https(either("HTTPS_PROXY", "https_proxy"))
        .http(either("HTTP_PROXY", "http_proxy"))
        .no(either("NO_PROXY", "no_proxy"))
        .build();
    let origin = if server.scheme_str() == Some("http") { "HTTP_PROXY" } else { "HTTPS_PROXY" };
    matcher.intercept(server).map(|intercept| Proxy { intercept, origin })
}

fn either(upper: &str, lower: &str) -> String {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    set(upper).or_else(|| set(lower)).unwrap_or_default()
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Uri {
        Uri::from_static("https://cluster.example.org:6443")
    }

    #[test]
    fn the_kubeconfigs_proxy_is_taken_or_refused_and_never_ignored() {
        let proxy = choose(Some("http://user:word@127.0.0.1:3128"), &server()).unwrap().unwrap();
        assert_eq!(
            proxy.describe(),
            "the proxy http://127.0.0.1:3128 (proxy-url of the kubeconfig)"
        );
        assert!(proxy.intercept.basic_auth().is_some());
        assert!(choose(Some("::"), &server()).is_err());
    }

    #[test]
    fn this_machine_is_reached_without_a_proxy() {
        for host in ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        assert!(!is_loopback("cluster.example.org"));
    }
}
