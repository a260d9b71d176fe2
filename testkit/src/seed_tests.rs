use std::fs;
use std::path::{Path, PathBuf};

use crate::shared_build::{build_once, lock};
use crate::target_dir::{target_dir, workspace_dir};
use crate::{Error, go_tool, report};

const MODULE: &str = "github.com/giantswarm/kubelock@v0.2.0";
const TAG: &str = "k8srequired";
const LDFLAGS: &str = "-s -w";
const PACKAGES: [&str; 3] =
    ["./integration/test/basic", "./integration/test/owner", "./integration/test/ttl"];

/// Runs the Go package's own integration tests on the cluster of this kubeconfig.
///
/// They lock the namespace `default` and the configmap `kube-system/kube-proxy`,
/// which must exist, and create the namespace `testing`.
///
/// # Errors
/// The end of what the go tool printed.
pub fn run_seed_integration_tests(kubeconfig: &Path) -> Result<(), String> {
    run(kubeconfig).map_err(|error| report(&error))
}

fn run(kubeconfig: &Path) -> Result<(), Error> {
    let module = module()?;
    // Two runs on one cluster would take each other's locks.
    let _lock = lock(&folder())?;
    let mut command = go_tool::go("test", &module, LDFLAGS);
    command.args(["-tags", TAG, "-count=1", "-p", "1"]).args(PACKAGES);
    command.env("E2E_KUBECONFIG", kubeconfig);
    let log = folder().join("run.log");
    go_tool::run(&mut command, "the Go package's own integration tests", &log)
}

/// Compiles what these tests stand on, so that a later run has little left to build.
pub(crate) fn prepare() -> Result<(), Error> {
    let mut command = go_tool::go("build", &module()?, LDFLAGS);
    command.args(["-tags", TAG, "./integration/..."]);
    let log = folder().join("build.log");
    go_tool::run(&mut command, "building what the Go package's own tests need", &log)
}

fn module() -> Result<PathBuf, Error> {
    build_once(&folder(), "kubelock-v0.2.0", copy_module)
}

fn folder() -> PathBuf {
    target_dir().join("seed-tests")
}

/// The module cache is read-only, and `go test` wants to be inside the module.
fn copy_module(folder: &Path) -> Result<(), Error> {
    copy_files(&downloaded_module()?, folder)
}

/// Asked for through our own module, whose go.sum says what it must be.
fn downloaded_module() -> Result<PathBuf, Error> {
    let mut command = go_tool::bare_go(&workspace_dir().join("interop/seed-v0.2.0"));
    command.args(["mod", "download", "-json", MODULE]);
    let answer = go_tool::answer(&mut command, "downloading the Go package")?;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
    Ok(PathBuf::from(answer["Dir"].as_str().unwrap_or_default()))
}

fn copy_files(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(Error::io("create the folder", to))?;
    for entry in fs::read_dir(from).map_err(Error::io("read the folder", from))?.flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_files(&source, &target)?;
        } else {
            // By content: a copy would be read-only as its original is.
            let bytes = fs::read(&source).map_err(Error::io("read", &source))?;
            fs::write(&target, bytes).map_err(Error::io("write", &target))?;
        }
    }
    Ok(())
}
