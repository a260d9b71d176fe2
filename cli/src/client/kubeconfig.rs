//! Which kubeconfig files there are, merged as kubectl merges them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kube::config::{Kubeconfig, KubeconfigError};

use crate::failure::Failure;
use crate::hint::quoted;

/// What was found, and where it was looked for.
pub(super) struct Found {
    pub(super) config: Option<Kubeconfig>,
    pub(super) looked_for: Vec<PathBuf>,
}

impl Found {
    /// `kubeconfig A`, or `kubeconfig A and B`, of those that are there.
    pub(super) fn described(&self) -> String {
        let there = self.looked_for.iter().filter(|path| path.exists());
        let names: Vec<String> = there.map(|path| path.display().to_string()).collect();
        format!("kubeconfig {}", names.join(" and "))
    }
}

/// Reads `--kubeconfig`, else the files of `KUBECONFIG`, else `~/.kube/config`.
pub(super) fn load(explicit: Option<&Path>) -> Result<Found, Failure> {
    if let Some(path) = explicit.filter(|path| !path.as_os_str().is_empty()) {
        let config = read(path)?.ok_or_else(|| missing(path))?;
        return Ok(Found { config: Some(config), looked_for: vec![path.to_owned()] });
    }
    let looked_for = candidates();
    let mut merged: Option<Kubeconfig> = None;
    for path in &looked_for {
        // kubectl ignores files that aren't there.
        let Some(next) = read(path)? else { continue };
        merged = Some(match merged {
            None => next,
            Some(first) => first.merge(next).map_err(|error| unreadable(path, &error))?,
        });
    }
    Ok(Found { config: merged.filter(says_something), looked_for })
}

/// An empty file leaves the pod's service account its turn, as in kubectl.
fn says_something(config: &Kubeconfig) -> bool {
    config.current_context.is_some() || !config.contexts.is_empty() || !config.clusters.is_empty()
}

fn candidates() -> Vec<PathBuf> {
    let listed: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
        .map(|list| {
            std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect()
        })
        .unwrap_or_default();
    if listed.is_empty() {
        return std::env::home_dir()
            .map(|home| home.join(".kube").join("config"))
            .into_iter()
            .collect();
    }
    listed
}

fn read(path: &Path) -> Result<Option<Kubeconfig>, Failure> {
    match Kubeconfig::read_from(path) {
        Ok(config) => Ok(Some(config)),
        Err(KubeconfigError::ReadConfig(error, _)) if error.kind() == ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn missing(path: &Path) -> Failure {
    Failure::usage(format!("there is no kubeconfig {}", path.display()))
}

/// The parser's own words may quote secrets: they are kept back, but for the place.
fn unreadable(path: &Path, error: &KubeconfigError) -> Failure {
    let path = path.display();
    match error {
        KubeconfigError::ReadConfig(error, _) => {
            Failure::usage(format!("cannot read kubeconfig {path}: {error}"))
        }
        KubeconfigError::Parse(error) => {
            let place =
                error.location().map(|at| format!(" (line {}, column {})", at.line(), at.column()));
            let message =
                format!("kubeconfig {path} is no valid kubeconfig{}", place.unwrap_or_default());
            let typed = quoted(&path.to_string());
            Failure::usage(message).hint(format!(
                "kubectl config view --kubeconfig {typed} shows what kubectl makes of it"
            ))
        }
        KubeconfigError::KindMismatch | KubeconfigError::ApiVersionMismatch => Failure::usage(
            format!("kubeconfig {path} has another kind or apiVersion than the files before it"),
        ),
        _ => Failure::usage(format!("kubeconfig {path} is no valid kubeconfig")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_goes_behind_its_option_as_one_word() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my config");
        std::fs::write(&path, "clusters: 7").unwrap();
        let failure = load(Some(&path)).err().unwrap();
        let typed = format!("--kubeconfig '{}' shows", path.display());
        assert!(failure.hints[0].contains(&typed), "{:?}", failure.hints);
    }
}
