//! Our Go programs, built when a test needs them.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::binaries::Binaries;
pub use crate::seed_tests::run_seed_integration_tests;
use crate::shared_build::lock;
use crate::target_dir::{target_dir, workspace_dir};
use crate::{Error, clusters_are_skipped, go_tool, kubectl, report, seed_tests};

/// The program that holds `github.com/giantswarm/kubelock` v0.2.0.
///
/// # Panics
/// When it can't be built: the text says why.
pub fn seed_v0() -> PathBuf {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| build("seed-v0.2.0", "seed-v0")).path()
}

/// The program that holds `github.com/giantswarm/kubelock/v4` v4.0.0.
///
/// # Panics
/// When it can't be built: the text says why.
pub fn seed_v4() -> PathBuf {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| build("seed-v4", "seed-v4")).path()
}

/// The program that runs for leader with client-go's leader election, by its Lease.
///
/// # Panics
/// When it can't be built: the text says why.
pub fn leader_election() -> PathBuf {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| build("leader-election", "leader-election")).path()
}

/// Builds all Go programs that the tests need, so that no test waits for it: those
/// of this module; etcd, kube-apiserver and kubectl unless the environment names others.
///
/// # Errors
/// The first build's that failed.
pub fn build_all() -> Result<(), Error> {
    let has_cluster = std::env::var_os("E2E_KUBECONFIG").is_some_and(|path| !path.is_empty());
    if !clusters_are_skipped() && !has_cluster {
        Binaries::find()?;
    }
    try_build("seed-v0.2.0", "seed-v0")?;
    try_build("seed-v4", "seed-v4")?;
    try_build("leader-election", "leader-election")?;
    kubectl::find()?;
    seed_tests::prepare()
}

/// A failure is kept too, so that not each test of a process tries again.
struct Built(Result<PathBuf, String>);

impl Built {
    #[expect(clippy::panic, reason = "a test that lacks its peer can only fail")]
    fn path(&self) -> PathBuf {
        match &self.0 {
            Ok(path) => path.clone(),
            Err(report) => panic!("{report}"),
        }
    }
}

fn build(module: &str, program: &str) -> Built {
    Built(try_build(module, program).map_err(|error| report(&error)))
}

/// The go tool knows by itself whether something changed.
fn try_build(module: &str, program: &str) -> Result<PathBuf, Error> {
    let folder = target_dir().join("interop");
    let _lock = lock(&folder)?;
    let path = folder.join(program);
    let mut command = go_tool::go("build", &workspace_dir().join("interop").join(module), "-s -w");
    command.arg("-o").arg(&path).arg(".");
    go_tool::run(
        &mut command,
        &format!("building the Go program interop/{module} (needs Go 1.26 or later)"),
        &folder.join(format!("{program}.log")),
    )?;
    Ok(path)
}
