//! Through which proxy, by Go's rules.

use std::net::IpAddr;

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
    if is_loopback(server) {
        return None;
    }
    let matcher = Matcher::builder()
        .https(either("HTTPS_PROXY", "https_proxy"))
        .http(either("HTTP_PROXY", "http_proxy"))
        .no(exempt(&either("NO_PROXY", "no_proxy"), server))
        .build();
    let origin = if server.scheme_str() == Some("http") { "HTTP_PROXY" } else { "HTTPS_PROXY" };
    matcher.intercept(server).map(|intercept| Proxy { intercept, origin })
}

/// What of `NO_PROXY` may concern this server, in the words of the matcher: it knows no ports and
/// no `*.x`, means names alone by `*`, and `x`, too, by `.x`.
fn exempt(list: &str, server: &Uri) -> String {
    let host = bare_host(server);
    let port =
        server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 });
    let concerning = |entry| match host_and_port(entry) {
        ("*", _) if entry == "*" => Some(host),
        ("*", _) => None,
        (_, its) if !its.is_empty() && its != port.to_string() => None,
        (name, _) => {
            let name = name.strip_prefix('*').filter(|it| it.starts_with('.')).unwrap_or(name);
            let above = name.strip_prefix('.');
            (!above.is_some_and(|above| above.eq_ignore_ascii_case(host))).then_some(name)
        }
    };
    list.split(',').map(str::trim).filter_map(concerning).collect::<Vec<_>>().join(",")
}

/// `x:80` and `[::1]:80` in two; a bare IPv6 address, or a block of them, has no port.
fn host_and_port(entry: &str) -> (&str, &str) {
    let Some((host, port)) = entry.rsplit_once(':') else { return (entry, "") };
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => (address, port),
        None if host.contains([':', '[', ']']) => (entry, ""),
        None => (host, port),
    }
}

fn either(upper: &str, lower: &str) -> String {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    set(upper).or_else(|| set(lower)).unwrap_or_default()
}

/// Whether that is this machine itself.
pub(super) fn is_loopback(server: &Uri) -> bool {
    let host = bare_host(server);
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Without the brackets of an IPv6 address.
fn bare_host(server: &Uri) -> &str {
    server.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
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
        for host in ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "[::ffff:127.0.0.1]"] {
            assert!(is_loopback(&format!("http://{host}:80").parse().unwrap()), "{host}");
        }
        for host in ["cluster.example.org", "localhost.example.org", "128.0.0.1", "[::2]"] {
            assert!(!is_loopback(&format!("http://{host}:80").parse().unwrap()), "{host}");
        }
    }

    /// All of these are as golang.org/x/net/http/httpproxy has them.
    #[test]
    fn no_proxy_is_read_as_go_reads_it() {
        let all = ["*", " a , * "];
        let name = [
            "corp.example",
            "CORP.example ",
            ".corp.example",
            "*.corp.example",
            "api.corp.example",
            "api.corp.example:",
            "corp.example:6443",
            "*.corp.example:6443",
            ".corp.example:6443",
        ];
        let no_name = [
            ".api.corp.example",
            "*.api.corp.example",
            "*corp.example",
            "pi.corp.example",
            "*:6443",
            "api.corp.example:443",
            ":6443",
            "corp",
            "0.0.0.0/0",
            "",
        ];
        let address = ["10.1.2.3", "10.1.2.3:6443", "[10.1.2.3]:6443", "10.9.9.9/8", "10.1.2.1/30"];
        let no_address = ["10.1.2.3:443", "10.1.2.3/33", "10.1.2", ".3", "*.3", "::/0"];
        let long_address = ["fd00::1", "fd00:0:0::1", "[fd00::1]:6443", "fd00::/8", "::/0"];
        let no_long_address = ["[fd00::1]", "[fd00::1]:443", "fd00::1:6443", "0.0.0.0/0"];

        let reaches = |server: &str, list: &str| {
            let server: Uri = server.parse().unwrap();
            let matcher =
                Matcher::builder().all("http://10.0.0.9:1").no(exempt(list, &server)).build();
            matcher.intercept(&server).is_none()
        };
        for (server, direct, proxied) in [
            ("https://api.corp.example:6443", &name[..], &no_name[..]),
            ("https://10.1.2.3:6443", &address, &no_address),
            ("https://[fd00::1]:6443", &long_address, &no_long_address),
            ("https://api.corp.example", &["api.corp.example:443"], &["corp.example:6443"]),
            ("http://API.corp.example", &["api.corp.example:80"], &["corp.example:443"]),
        ] {
            for list in direct.iter().chain(&all) {
                assert!(reaches(server, list), "{list:?} {server}");
            }
            for list in proxied {
                assert!(!reaches(server, list), "{list:?} {server}");
            }
        }
    }
}
