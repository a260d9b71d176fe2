use std::io;
use std::path::{Path, PathBuf};

/// Why there is no control plane, or no Go program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither binaries at hand nor any that could be built.
    #[error("no control plane to test on: {reason}\n{WAYS_OUT}")]
    NoBinaries {
        /// What was looked for and not found, or why building failed.
        reason: String,
    },
    /// A Go build or Go test ended with an error.
    #[error("{what} failed: {reason}\n{log_tail}")]
    Go {
        /// What was built or run.
        what: String,
        /// How it ended.
        reason: String,
        /// The last lines that the go tool printed.
        log_tail: String,
    },
    /// A server ended, or was not ready in time.
    #[error("{server} {reason}; the end of its log:\n{log_tail}")]
    Server {
        /// `etcd` or `kube-apiserver`.
        server: &'static str,
        /// What it did instead of serving.
        reason: String,
        /// The last lines of its log.
        log_tail: String,
    },
    /// The operating system refused something.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// A certificate or key could not be made.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// A kubeconfig could not be read or used.
    #[error("cannot use the kubeconfig {}: {reason}", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

const WAYS_OUT: &str = "There are three ways to one:
  E2E_KUBECONFIG=<file>        an existing cluster, which that kubeconfig points to
  KUBEBUILDER_ASSETS=<folder>  a folder that holds the binaries etcd and kube-apiserver
  install Go 1.26 or later     both are then built, once, into the target folder
                               (Go 1.21 and later fetch 1.26 by themselves)
KUBELOCK_TEST_CLUSTER=none skips the tests that need a control plane.";

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_path_buf(), source }
    }
}

/// The error and its sources on one line each, for a panic or a terminal.
pub fn report(error: &dyn std::error::Error) -> String {
    let mut lines = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        lines.push(format!("  because: {cause}"));
        source = cause.source();
    }
    lines.join("\n")
}
