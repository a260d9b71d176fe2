//! A pod's own service account.

use std::path::PathBuf;

use super::{Access, proxy};
use crate::failure::Failure;
use crate::output::text;

/// Where Kubernetes mounts it.
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Access as the pod that this runs in; an error that says what was tried where there is none.
pub(super) fn access(context: Option<&str>, looked_for: &[PathBuf]) -> Result<Access, Failure> {
    let in_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some_and(|host| !host.is_empty());
    match context {
        // A context that is asked for cannot be in a pod's files.
        Some(name) if !name.is_empty() => {
            let (name, found) = (text::line(name), found(looked_for));
            Err(no_cluster(format!("context \"{name}\" cannot be found: {found}")))
        }
        _ if in_pod => service_account(),
        _ => {
            let found = found(looked_for);
            Err(no_cluster(format!("no cluster is configured: {found}, and this is no pod")))
        }
    }
}

fn service_account() -> Result<Access, Failure> {
    let config = kube::Config::incluster_env().map_err(|error| {
        Failure::usage(format!(
            "this looks like a pod, but its service account cannot be used: {error}"
        ))
        .hint("mount one (automountServiceAccountToken), or name a kubeconfig with --kubeconfig")
    })?;
    let proxy = proxy::choose(None, &config.cluster_url)?;
    Ok(Access {
        config,
        // kube's own layer reads the file again each minute, as the kubelet writes it, and keeps
        // the last token when it cannot.
        credentials: None,
        left_out: false,
        proxy,
        namespace: namespace(),
        origin: "this pod's service account".to_owned(),
    })
}

/// As client-go: the downward API's variable, then the mounted file.
fn namespace() -> Option<String> {
    let from_env = std::env::var("POD_NAMESPACE").ok().filter(|name| !name.is_empty());
    let from_file =
        || std::fs::read_to_string(NAMESPACE_FILE).ok().map(|name| name.trim().to_owned());
    from_env.or_else(from_file).filter(|name| !name.is_empty())
}

fn no_cluster(message: String) -> Failure {
    Failure::usage(message).hint("name a kubeconfig with --kubeconfig or KUBECONFIG")
}

/// What there was where a kubeconfig was looked for: `there is no kubeconfig A or B`.
fn found(looked_for: &[PathBuf]) -> String {
    let (idle, missing): (Vec<&PathBuf>, Vec<_>) = looked_for.iter().partition(|it| it.exists());
    let listed = |paths: Vec<&PathBuf>, between: &str| {
        paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(between)
    };
    match (missing.is_empty(), idle.is_empty()) {
        (true, true) => "there is no kubeconfig ~/.kube/config".to_owned(),
        (_, true) => format!("there is no kubeconfig {}", listed(missing, " or ")),
        (true, false) => format!("kubeconfig {} names no cluster", listed(idle, " and ")),
        (false, false) => format!(
            "kubeconfig {} names no cluster, and there is no {}",
            listed(idle, " and "),
            listed(missing, " or ")
        ),
    }
}
