//! One context of a kubeconfig: its cluster, its user, its namespace.

use http::Uri;
use kube::config::{AuthInfo, Cluster, Kubeconfig};

use super::kubeconfig::Found;
use super::proxy::{self, Proxy};
use super::{Access, identity, pem_data};
use crate::failure::Failure;
use crate::output::text;
use crate::{alike, hint};

/// A context with what it refers to.
pub(super) struct Context {
    name: String,
    cluster: Cluster,
    user: AuthInfo,
    namespace: Option<String>,
}

impl Context {
    /// Takes the context of that name, or the current one.
    pub(super) fn choose(
        kubeconfig: &Kubeconfig,
        found: &Found,
        asked_for: Option<&str>,
    ) -> Result<Self, Failure> {
        let set = |name: &&str| !name.is_empty();
        let current = kubeconfig.current_context.as_deref();
        let name = asked_for.filter(set).or(current.filter(set));
        let name = name.ok_or_else(|| no_context(kubeconfig, found))?;
        let named = kubeconfig.contexts.iter().find(|context| context.name == name);
        let context = named
            .and_then(|named| named.context.clone())
            .ok_or_else(|| unknown_context(kubeconfig, found, name))?;
        Ok(Self {
            name: name.to_owned(),
            cluster: cluster(kubeconfig, name, &context.cluster)?,
            user: context.user.map(|user| auth_info(kubeconfig, &user)).unwrap_or_default(),
            namespace: context.namespace.filter(|namespace| !namespace.is_empty()),
        })
    }

    /// Its namespace, if it has one.
    pub(super) fn namespace(self) -> Option<String> {
        self.namespace
    }

    /// What kube needs to know; runs the credential plugin, if there is one and it counts.
    pub(super) fn access(self) -> Result<Access, Failure> {
        let url = self.url()?;
        let mut config = kube::Config::new(url.clone());
        config.accept_invalid_certs = self.cluster.insecure_skip_tls_verify.unwrap_or(false);
        config.tls_server_name =
            self.cluster.tls_server_name.clone().filter(|name| !name.is_empty());
        config.root_cert = self.roots(&config)?;
        let proxy = proxy::choose(self.cluster.proxy_url.as_deref(), &url)?;
        let identity = if is_private(&url, proxy.as_ref()) {
            identity::resolve(self.user, &self.cluster)?
        } else {
            identity::left_out(self.user)
        };
        config.auth_info = identity.auth;
        Ok(Access {
            config,
            credentials: identity.credentials,
            left_out: identity.left_out,
            proxy,
            namespace: self.namespace,
            origin: format!("context \"{}\"", text::line(&self.name)),
        })
    }

    fn url(&self) -> Result<Uri, Failure> {
        let context = text::line(&self.name);
        let server = self.cluster.server.as_deref().unwrap_or_default();
        if server.is_empty() {
            let message = format!("the cluster of context \"{context}\" has no server address");
            return Err(Failure::usage(message).hint(set_server()));
        }
        match server.parse::<Uri>() {
            Ok(url)
                if matches!(url.scheme_str(), Some("https" | "http")) && url.host().is_some() =>
            {
                Ok(url)
            }
            _ => {
                let message =
                    format!("the server address of context \"{context}\" is no http or https URL");
                Err(Failure::usage(message).hint(set_server()))
            }
        }
    }

    /// The cluster's own CA. An empty list where none is needed: `None` would
    /// load the system's root certificates, which takes longer than a lock does.
    fn roots(&self, config: &kube::Config) -> Result<Option<Vec<Vec<u8>>>, Failure> {
        let cluster = &self.cluster;
        let plain = config.cluster_url.scheme_str() == Some("http");
        let ca = pem_data::read(
            "certificate-authority",
            cluster.certificate_authority_data.as_deref(),
            cluster.certificate_authority.as_deref(),
        )?;
        match ca {
            Some(pem) => pem_data::certificates("certificate-authority", &pem).map(Some),
            None if plain || config.accept_invalid_certs => Ok(Some(Vec::new())),
            None => Ok(None),
        }
    }
}

/// Whether nobody else can read what is sent. kubectl sends no credentials over http at all; here
/// they may go to this very machine, where `kubectl proxy` and tests listen.
fn is_private(url: &Uri, proxy: Option<&Proxy>) -> bool {
    url.scheme_str() == Some("https") || (proxy.is_none() && proxy::is_loopback(url))
}

fn cluster(kubeconfig: &Kubeconfig, context: &str, name: &str) -> Result<Cluster, Failure> {
    let named = kubeconfig.clusters.iter().find(|cluster| cluster.name == name);
    named.and_then(|named| named.cluster.clone()).ok_or_else(|| {
        let shown = text::line(name);
        let failure = Failure::usage(format!(
            "context \"{}\" names cluster \"{shown}\", which the kubeconfig does not have",
            text::line(context)
        ));
        let clusters = kubeconfig.clusters.iter().map(|cluster| cluster.name.as_str());
        failure.hint(meant(name, clusters).unwrap_or_else(|| {
            format!("kubectl config set-cluster {} {SERVER} adds it", hint::quoted(&shown))
        }))
    })
}

fn set_server() -> String {
    format!("kubectl config set-cluster CLUSTER {SERVER} sets it")
}

const SERVER: &str = "--server https://HOST:PORT";

/// The question for names that look like this one.
fn meant<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let alike = alike::closest(name, names);
    let shown: Vec<_> = alike.into_iter().map(|name| hint::quoted(&text::line(name))).collect();
    alike::question(&shown)
}

/// A user that is missing is nobody in particular, as in kubectl.
fn auth_info(kubeconfig: &Kubeconfig, name: &str) -> AuthInfo {
    let named = kubeconfig.auth_infos.iter().find(|user| user.name == name);
    named.and_then(|named| named.auth_info.clone()).unwrap_or_default()
}

fn no_context(kubeconfig: &Kubeconfig, found: &Found) -> Failure {
    let failure = Failure::usage(format!("{} has no current context", found.described()));
    failure.hint(known(kubeconfig))
}

fn unknown_context(kubeconfig: &Kubeconfig, found: &Found, name: &str) -> Failure {
    let message = format!("{} has no context \"{}\"", found.described(), text::line(name));
    let failure = Failure::usage(message);
    let names = kubeconfig.contexts.iter().map(|context| context.name.as_str());
    let failure = meant(name, names).into_iter().fold(failure, Failure::hint);
    failure.hint(known(kubeconfig))
}

/// Those that can be named.
fn known(kubeconfig: &Kubeconfig) -> String {
    const SHOWN: usize = 8;
    let names: Vec<String> =
        kubeconfig.contexts.iter().take(SHOWN).map(|context| text::line(&context.name)).collect();
    let more = if kubeconfig.contexts.len() > SHOWN { ", …" } else { "" };
    if names.is_empty() {
        return "it has no contexts: name another with --kubeconfig or KUBECONFIG".to_owned();
    }
    format!("name one with --context: {}{more}", names.join(", "))
}
