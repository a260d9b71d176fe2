//! The way to a cluster: where it is, as whom, over which connection.

mod auth_layer;
mod child;
mod context;
mod credentials;
mod identity;
mod in_cluster;
mod kubeconfig;
mod pem_data;
mod plugin;
mod proxy;
pub(crate) mod reach;
mod renewal;
mod stack;
mod token;
pub(crate) mod unblocked;
mod wire;

pub(crate) use child::kill_alone;
pub(crate) use plugin::ask_nobody;

use std::path::Path;

use crate::args::cluster::ClusterArgs;
use crate::failure::Failure;
use crate::hint::Flags;
use context::Context;
use credentials::Credentials;
use kubelock::PathSegment;
use reach::Reach;

/// A cluster that can be talked to.
pub(crate) struct Connection {
    pub(crate) client: kube::Client,
    /// The namespace that counts: `-n`, else the context's or the pod's.
    pub(crate) namespace: String,
    pub(crate) endpoint: Endpoint,
    /// What hints repeat of how it was named.
    pub(crate) flags: Flags,
}

impl Connection {
    /// The namespace that counts, checked: the context's may be anything.
    pub(crate) fn checked_namespace(&self) -> Result<String, Failure> {
        Ok(PathSegment::namespace(&self.namespace)?.to_string())
    }
}

/// What to name when the cluster does not answer.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// `https://10.0.0.1:6443`.
    pub(crate) address: String,
    /// `context "dev"`, or `this pod's service account`.
    pub(crate) origin: String,
    /// `the proxy http://10.0.0.1:3128 (HTTPS_PROXY)`, if there is one.
    pub(crate) proxy: Option<String>,
    /// Whether there has been a connection to it.
    pub(crate) reach: Reach,
    /// The token that is renewed meanwhile, if there is one.
    credentials: Option<Credentials>,
    /// Whether the user's credentials are not used, for others could read them on the way.
    pub(crate) left_out: bool,
}

impl Endpoint {
    /// One that is reached so far.
    #[cfg(test)]
    pub(crate) fn of(reach: Reach, proxy: Option<&str>) -> Self {
        Self {
            address: "https://10.0.0.1:6443".to_owned(),
            origin: "context \"dev\"".to_owned(),
            proxy: proxy.map(str::to_owned),
            reach,
            credentials: None,
            left_out: false,
        }
    }

    /// Why the token could not be renewed, if so.
    pub(crate) fn trouble(&self) -> Option<Failure> {
        self.credentials.as_ref().and_then(Credentials::trouble)
    }

    /// Why the last request was not sent, where that was for want of a token.
    pub(crate) fn withheld(&self) -> Option<Failure> {
        self.credentials.as_ref().and_then(Credentials::withheld)
    }
}

/// Everything that is needed to make a client, from a kubeconfig or a pod.
struct Access {
    config: kube::Config,
    /// A token that `config` does not know of, for it is renewed.
    credentials: Option<Credentials>,
    /// Whether there are credentials that are not used.
    left_out: bool,
    proxy: Option<proxy::Proxy>,
    namespace: Option<String>,
    origin: String,
}

/// Prepares a client; nothing is sent yet. Runs a credential plugin, if the kubeconfig names one.
pub(crate) fn connect(args: &ClusterArgs, verbose: bool) -> Result<Connection, Failure> {
    let found = kubeconfig::load(args.kubeconfig.as_deref())?;
    let mut access = match &found.config {
        Some(kubeconfig) => {
            Context::choose(kubeconfig, &found, args.context.as_deref())?.access()?
        }
        None => in_cluster::access(args.context.as_deref(), &found.looked_for)?,
    };
    impersonate(&mut access.config.auth_info, args)?;
    let reach = Reach::default();
    let (address, origin) = (address(&access.config.cluster_url), access.origin.clone());
    let endpoint = Endpoint {
        address,
        origin,
        proxy: access.proxy.as_ref().map(proxy::Proxy::describe),
        reach: reach.clone(),
        credentials: access.credentials.clone(),
        left_out: access.left_out,
    };
    let client = stack::client(&access, &reach, verbose)
        .map_err(|error| stack::unusable(&error, &endpoint))?;
    let namespace =
        args.namespace.clone().or(access.namespace).unwrap_or_else(|| "default".to_owned());
    Ok(Connection { client, namespace, endpoint, flags: Flags::of_cluster(args) })
}

/// The namespace that counts, found without running a credential plugin.
pub(crate) fn namespace(args: &ClusterArgs) -> Result<String, Failure> {
    if let Some(namespace) = &args.namespace {
        return Ok(namespace.clone());
    }
    let found = kubeconfig::load(args.kubeconfig.as_deref())?;
    let namespace = match &found.config {
        Some(kubeconfig) => {
            Context::choose(kubeconfig, &found, args.context.as_deref())?.namespace()
        }
        None => {
            in_cluster::access(args.context.as_deref(), &found.looked_for)
                .map_err(|failure| failure.hint("or name the namespace with -n"))?
                .namespace
        }
    };
    Ok(namespace.unwrap_or_else(|| "default".to_owned()))
}

/// The contexts that there are to choose from.
pub(crate) fn contexts(explicit: Option<&Path>) -> Result<Vec<String>, Failure> {
    let config = kubeconfig::load(explicit)?.config;
    let named = config.into_iter().flat_map(|config| config.contexts);
    Ok(named.map(|context| context.name).collect())
}

fn impersonate(auth: &mut kube::config::AuthInfo, args: &ClusterArgs) -> Result<(), Failure> {
    if let Some(user) = &args.as_user {
        auth.impersonate = Some(user.clone());
    }
    if !args.as_groups.is_empty() {
        auth.impersonate_groups = Some(args.as_groups.clone());
    }
    let groups = auth.impersonate_groups.as_ref().is_some_and(|groups| !groups.is_empty());
    if groups && auth.impersonate.is_none() {
        return Err(Failure::usage(
            "--as-group needs --as: a group is impersonated together with a user",
        ));
    }
    Ok(())
}

/// Scheme, host and port: a user or a path in the URL is nobody's business.
fn address(url: &http::Uri) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme_str().unwrap_or_default(), url.host().unwrap_or_default())
}
