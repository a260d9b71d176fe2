use std::fmt::Display;
use std::path::Path;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::Error;

/// What a kubeconfig says, with kube's own retries off: a test counts calls.
pub(crate) async fn config(path: &Path) -> Result<Config, Error> {
    let kubeconfig = Kubeconfig::read_from(path).map_err(because(path))?;
    let options = KubeConfigOptions::default();
    let mut config =
        Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(because(path))?;
    config.default_retry = false;
    Ok(config)
}

/// A client of the current runtime, by this kubeconfig, that sends each request once.
pub async fn client(path: &Path) -> Result<Client, Error> {
    Client::try_from(config(path).await?).map_err(because(path))
}

/// A copy of a kubeconfig whose user acts as somebody else.
pub(crate) fn impersonating(path: &Path, user: &str, groups: &[String]) -> Result<String, Error> {
    let mut kubeconfig = Kubeconfig::read_from(path).map_err(because(path))?;
    for auth in kubeconfig.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        auth.impersonate = Some(user.to_owned());
        auth.impersonate_groups = Some(groups.to_vec());
    }
    // JSON is YAML too.
    serde_json::to_string(&kubeconfig).map_err(because(path))
}

fn because<E: Display>(path: &Path) -> impl Fn(E) -> Error {
    move |error| Error::Kubeconfig { path: path.to_path_buf(), reason: error.to_string() }
}
