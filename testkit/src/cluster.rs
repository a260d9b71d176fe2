//! The cluster that the tests of one process share.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use kube::{Client, Config};

use crate::control_plane::ControlPlane;
use crate::progress::say;
use crate::target_dir::target_dir;
use crate::users::{ADMIN, groups_of, kubeconfig_path};
use crate::{Error, kubeconfig, report};

/// One cluster for all tests of this process, which tell themselves apart by namespaces.
///
/// `E2E_KUBECONFIG` names an existing one, `KUBELOCK_CONTROL_PLANE` the folder of
/// one that `cargo xtask test` started; else this process starts its own.
/// `None` only where `KUBELOCK_TEST_CLUSTER=none`.
///
/// # Panics
/// When none can be had: the text has the ways out.
#[expect(clippy::panic, reason = "a test without its cluster can only fail")]
pub fn cluster() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
    if clusters_are_skipped() {
        return None;
    }
    // A failure is kept too: minutes of building need not fail once per test.
    match SHARED.get_or_init(|| Cluster::find().map_err(|error| report(&error))) {
        Ok(cluster) => Some(cluster),
        Err(report) => panic!("{report}"),
    }
}

/// True where the environment asks for no tests on a cluster (`KUBELOCK_TEST_CLUSTER=none`).
///
/// Says so on stderr, once per process.
pub fn clusters_are_skipped() -> bool {
    static SAID: OnceLock<()> = OnceLock::new();
    let skipped = env::var_os("KUBELOCK_TEST_CLUSTER").is_some_and(|value| value == "none");
    if skipped {
        SAID.get_or_init(|| say("skipped: tests on a cluster (KUBELOCK_TEST_CLUSTER=none)"));
    }
    skipped
}

/// An API server to test on: an existing one, or one of ours.
pub struct Cluster {
    origin: Origin,
    kubeconfig: PathBuf,
    /// Where this process started it: it lives as long.
    _started: Option<ControlPlane>,
}

enum Origin {
    /// Somebody else's, by its kubeconfig: to be left as it was found.
    Existing,
    /// Ours, in this folder; started by this process, or by the one that runs all tests.
    Ours(PathBuf),
}

impl Cluster {
    fn find() -> Result<Self, Error> {
        if let Some(path) = non_empty("E2E_KUBECONFIG") {
            return Ok(Self { origin: Origin::Existing, kubeconfig: path, _started: None });
        }
        if let Some(folder) = non_empty("KUBELOCK_CONTROL_PLANE") {
            return Ok(Self::ours(folder, None));
        }
        let started = ControlPlane::start()?;
        Ok(Self::ours(started.folder().into(), Some(started)))
    }

    fn ours(folder: PathBuf, started: Option<ControlPlane>) -> Self {
        let kubeconfig = kubeconfig_path(&folder, ADMIN);
        Self { origin: Origin::Ours(folder), kubeconfig, _started: started }
    }

    /// The kubeconfig of somebody who may do everything.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The kubeconfig of one of this crate's users, [`crate::ALICE`] for example.
    ///
    /// On an existing cluster the administrator acts as that user.
    ///
    /// # Panics
    /// When it can't be written.
    #[expect(clippy::expect_used, reason = "a test without its kubeconfig can only fail")]
    pub fn kubeconfig_for(&self, user: &str) -> PathBuf {
        match &self.origin {
            Origin::Ours(folder) => kubeconfig_path(folder, user),
            Origin::Existing => self.impersonating(user).expect("a kubeconfig can be written"),
        }
    }

    fn impersonating(&self, user: &str) -> Result<PathBuf, Error> {
        let folder = target_dir().join("existing-cluster");
        let path = kubeconfig_path(&folder, user);
        let text = kubeconfig::impersonating(&self.kubeconfig, user, &groups_of(user))?;
        fs::create_dir_all(&folder).map_err(Error::io("create the folder", &folder))?;
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&folder, private).map_err(Error::io("make private", &folder))?;
        fs::write(&path, text).map_err(Error::io("write", &path))?;
        Ok(path)
    }

    /// False where somebody else may use the cluster too.
    pub fn is_ours(&self) -> bool {
        !matches!(self.origin, Origin::Existing)
    }

    /// What the kubeconfig says, with kube's own retries off.
    ///
    /// # Panics
    /// When the kubeconfig is of no use.
    pub async fn config(&self) -> Config {
        self.config_for(ADMIN).await
    }

    /// The same for one of this crate's users.
    ///
    /// # Panics
    /// When the kubeconfig is of no use.
    #[expect(clippy::panic, reason = "a test without its configuration can only fail")]
    pub async fn config_for(&self, user: &str) -> Config {
        let path = if user == ADMIN { self.kubeconfig.clone() } else { self.kubeconfig_for(user) };
        match kubeconfig::config(&path).await {
            Ok(config) => config,
            Err(error) => panic!("{}", report(&error)),
        }
    }

    /// A client of the current runtime that sends each request once.
    ///
    /// # Panics
    /// When the kubeconfig is of no use.
    pub async fn client(&self) -> Client {
        client_of(self.config().await)
    }

    /// The same as one of this crate's users.
    ///
    /// # Panics
    /// When the kubeconfig is of no use.
    pub async fn client_for(&self, user: &str) -> Client {
        client_of(self.config_for(user).await)
    }

    /// A client as kube makes it for everyone: it repeats some requests by itself.
    ///
    /// # Panics
    /// When the kubeconfig is of no use.
    pub async fn client_with_retries(&self) -> Client {
        let mut config = self.config().await;
        config.default_retry = true;
        client_of(config)
    }
}

#[expect(clippy::expect_used, reason = "a test without its client can only fail")]
fn client_of(config: Config) -> Client {
    Client::try_from(config).expect("the kubeconfig makes a client")
}

fn non_empty(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}
