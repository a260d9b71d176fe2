use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::go_module::GoModule;
use crate::shared_build::build_once;
use crate::target_dir::target_dir;
use crate::{Error, go_tool, report};

/// A call of kubectl on the cluster of this kubeconfig, to be completed.
///
/// It finds nothing of the user's own: no kubeconfig, no preferences, no cache.
///
/// # Panics
/// When there is no kubectl and none can be built: the text says why.
pub fn kubectl(kubeconfig: &Path) -> Command {
    let mut command = Command::new(program());
    command.env("KUBECONFIG", kubeconfig).env("KUBERC", "off");
    let home = kubeconfig.parent().unwrap_or(kubeconfig);
    command.env("HOME", home).arg("--cache-dir").arg(home.join("kubectl-cache"));
    command
}

/// That of `KUBEBUILDER_ASSETS` if it has one; else it is built, once per target folder.
pub(crate) fn find() -> Result<PathBuf, Error> {
    let assets = env::var_os("KUBEBUILDER_ASSETS").map(|folder| Path::new(&folder).join("kubectl"));
    match assets.filter(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => build(),
    }
}

#[expect(clippy::panic, reason = "a test that lacks its kubectl can only fail")]
fn program() -> &'static Path {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    // A failure is kept too, so that not each test of a process tries again.
    match FOUND.get_or_init(|| find().map_err(|error| report(&error))) {
        Ok(path) => path,
        Err(report) => panic!("{report}"),
    }
}

fn build() -> Result<PathBuf, Error> {
    let module = GoModule::read("kubectl")?;
    let parent = target_dir().join("kubectl");
    let folder = build_once(&parent, &module.fingerprint(), |folder| {
        let mut command = module.go_build(folder);
        command.arg("k8s.io/kubernetes/cmd/kubectl");
        go_tool::run(&mut command, "building kubectl (a minute, once)", &parent.join("build.log"))
    })?;
    Ok(folder.join("kubectl"))
}
