//! etcd and kube-apiserver, started in a few seconds and gone when we are.

use std::path::{Path, PathBuf};

use kube::Client;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::binaries::Binaries;
use crate::certificates::write_certificates;
use crate::cluster::clusters_are_skipped;
use crate::etcd::Etcd;
use crate::kube_apiserver::KubeApiserver;
use crate::users::{ADMIN, kubeconfig_path, write_users};
use crate::{Error, kubeconfig, report};

/// A control plane of one's own, for a test that kills or stops parts of it.
///
/// `None` only where `KUBELOCK_TEST_CLUSTER=none`. Tests that just need a cluster
/// share the one of [`crate::cluster()`]. An existing cluster (`E2E_KUBECONFIG`)
/// is nothing to kill: this starts its own then, too.
///
/// # Panics
/// When none can be had: the text has the ways out.
#[expect(clippy::panic, reason = "a test without its control plane can only fail")]
pub fn control_plane() -> Option<ControlPlane> {
    if clusters_are_skipped() {
        return None;
    }
    match ControlPlane::start() {
        Ok(started) => Some(started),
        Err(error) => panic!("{}", report(&error)),
    }
}

/// A running etcd and kube-apiserver on loopback.
///
/// # Guarantees
/// No process and no folder outlives the process that called
/// [`ControlPlane::start`], whatever way it ends. What is stored survives the
/// death of either server.
/// # Shape
/// Everything blocks; from async code with a single thread use `spawn_blocking`.
pub struct ControlPlane {
    // Dropped in this order.
    api_server: KubeApiserver,
    etcd: Etcd,
    folder: TempDir,
}

impl ControlPlane {
    /// Starts both and waits until they are ready.
    ///
    /// # Errors
    /// [`Error::NoBinaries`], or what a server said when it ended.
    pub fn start() -> Result<Self, Error> {
        const TRIES: usize = 3;
        let binaries = Binaries::find()?;
        let mut outcome = Self::start_once(&binaries);
        for _ in 1..TRIES {
            match &outcome {
                Err(error) if is_taken_port(error) => outcome = Self::start_once(&binaries),
                _ => break,
            }
        }
        outcome
    }

    fn start_once(binaries: &Binaries) -> Result<Self, Error> {
        let started = Self::prepare(binaries)?;
        started.etcd.server.start()?;
        // The API server would wait a whole second before it looks again.
        started.etcd.wait_ready()?;
        started.api_server.server.start()?;
        started.wait_ready()?;
        Ok(started)
    }

    fn prepare(binaries: &Binaries) -> Result<Self, Error> {
        let parent = std::env::temp_dir();
        let folder = tempfile::Builder::new()
            .prefix("kubelock-test-")
            .tempdir_in(&parent)
            .map_err(Error::io("create a folder in", &parent))?;
        let etcd = Etcd::new(&binaries.etcd, folder.path());
        let api_server = KubeApiserver::new(&binaries.kube_apiserver, folder.path(), &etcd.url())?;
        let ca_pem = write_certificates(folder.path())?;
        write_users(folder.path(), &api_server.url(), &ca_pem)?;
        Ok(Self { api_server, etcd, folder })
    }

    /// The folder that holds the kubeconfigs, the logs and the data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The kubeconfig of [`ADMIN`].
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig_for(ADMIN)
    }

    /// A client of the current runtime, as administrator, that sends each request once.
    pub async fn client(&self) -> Result<Client, Error> {
        kubeconfig::client(&self.kubeconfig()).await
    }

    /// The kubeconfig of one of the users of this crate, [`crate::ALICE`] for example.
    pub fn kubeconfig_for(&self, user: &str) -> PathBuf {
        kubeconfig_path(self.folder(), user)
    }

    /// The same after a restart.
    pub fn server_url(&self) -> String {
        self.api_server.url()
    }

    /// The process ids of etcd and kube-apiserver.
    pub fn pids(&self) -> Vec<u32> {
        let pids = [self.etcd.server.pid(), self.api_server.server.pid()];
        pids.into_iter().flatten().map(|pid| pid.as_raw_pid().cast_unsigned()).collect()
    }

    /// SIGKILL; returns when the process is gone.
    pub fn kill_api_server(&self) -> Result<(), Error> {
        self.api_server.server.kill()
    }

    /// Starts it again on the same port; [`ControlPlane::wait_ready`] is the caller's.
    pub fn start_api_server(&self) -> Result<(), Error> {
        self.api_server.server.start()
    }

    /// SIGSTOP: connections stay open, and nothing is answered.
    pub fn stop_api_server(&self) -> Result<(), Error> {
        self.api_server.server.signal(Signal::STOP)
    }

    /// SIGCONT.
    pub fn continue_api_server(&self) -> Result<(), Error> {
        self.api_server.server.signal(Signal::CONT)
    }

    /// SIGKILL; returns when the process is gone.
    pub fn kill_etcd(&self) -> Result<(), Error> {
        self.etcd.server.kill()
    }

    /// Starts it again on the same port, with the data it had.
    pub fn start_etcd(&self) -> Result<(), Error> {
        self.etcd.server.start()
    }

    /// SIGSTOP.
    pub fn stop_etcd(&self) -> Result<(), Error> {
        self.etcd.server.signal(Signal::STOP)
    }

    /// SIGCONT.
    pub fn continue_etcd(&self) -> Result<(), Error> {
        self.etcd.server.signal(Signal::CONT)
    }

    /// Restarts the API server over an etcd that has forgotten all but what is there now.
    pub fn forget_history(&self) -> Result<(), Error> {
        self.etcd.compact()?;
        // What it serves watches from, it forgets when it dies.
        self.kill_api_server()?;
        self.start_api_server()?;
        self.wait_ready()
    }

    /// The revision of what is stored now, for [`ControlPlane::remove_newer_than`].
    pub fn revision(&self) -> Result<u64, Error> {
        self.etcd.revision()
    }

    /// Removes all objects that were made after this revision, past all rules.
    ///
    /// Nothing else could: namespaces that are deleted stay until a controller has emptied them.
    pub fn remove_newer_than(&self, revision: u64) -> Result<(), Error> {
        self.etcd.remove_newer_than(revision)
    }

    /// Waits until `/readyz` says so and the first namespaces are there.
    ///
    /// # Errors
    /// The end of the log, when the API server has ended or takes minutes.
    pub fn wait_ready(&self) -> Result<(), Error> {
        self.api_server.wait_ready(&self.kubeconfig())
    }
}

fn is_taken_port(error: &Error) -> bool {
    matches!(error, Error::Server { log_tail, .. } if log_tail.contains("address already in use"))
}
