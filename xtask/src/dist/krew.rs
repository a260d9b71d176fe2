use super::archive::Archive;

/// What `kubectl krew install --manifest` takes, and krew's index.
pub(crate) fn manifest(version: &str, homepage: &str, url: &str, archives: &[Archive]) -> String {
    let url = url.trim_end_matches('/');
    let platforms: String =
        archives.iter().map(|archive| platform(version, url, archive)).collect();
    format!(
        "{HEAD}  version: {version}\n  homepage: {homepage}\n{DESCRIPTION}  platforms:\n{platforms}"
    )
}

fn platform(version: &str, url: &str, archive: &Archive) -> String {
    let Archive { os, arch, sha256, .. } = archive;
    let (name, sum) = (archive.name(), sha256.as_deref().unwrap_or_default());
    format!(
        "  - selector:
      matchLabels:
        os: {os}
        arch: {arch}
    uri: {url}/{version}/{name}
    sha256: {sum}
    bin: kubelock
"
    )
}

const HEAD: &str = "\
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: kubelock
spec:
";

const DESCRIPTION: &str = r#"  shortDescription: Take, see and release locks on objects
  description: |
    Distributed locks on any Kubernetes object, for pipelines and people on
    call: run a command under a lock, see who holds what and since when, break
    a dead lock with an audit trail. A lock is one annotation on an object;
    nothing is to be installed in the cluster.
  caveats: |
    To complete locks, objects and namespaces, put a file of the name
    kubectl_complete-kubelock on your PATH, executable, with these lines:
      #!/bin/sh
      exec kubectl-kubelock __complete "$@"
    What would go wrong in a cluster is told by: kubectl kubelock doctor
"#;
