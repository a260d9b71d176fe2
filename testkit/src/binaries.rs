//! etcd and kube-apiserver: at hand, or built from the Go module proxy.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::go_module::GoModule;
use crate::go_tool;
use crate::shared_build::build_once;
use crate::target_dir::target_dir;
use crate::{Error, report};

/// The two programs of a control plane.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// Keeps the objects.
    pub etcd: PathBuf,
    /// Serves them.
    pub kube_apiserver: PathBuf,
}

impl Binaries {
    /// Those of `KUBEBUILDER_ASSETS`; without it they are built, once per target folder.
    ///
    /// # Errors
    /// [`Error::NoBinaries`], with all ways out.
    pub fn find() -> Result<Self, Error> {
        match env::var_os("KUBEBUILDER_ASSETS") {
            Some(folder) if !folder.is_empty() => Self::in_folder(Path::new(&folder)),
            _ => Self::build().map_err(|error| Error::NoBinaries { reason: report(&error) }),
        }
    }

    fn in_folder(folder: &Path) -> Result<Self, Error> {
        let binaries = Self::named_in(folder);
        for file in [&binaries.etcd, &binaries.kube_apiserver] {
            if !file.is_file() {
                let reason =
                    format!("KUBEBUILDER_ASSETS is set, but there is no {}", file.display());
                return Err(Error::NoBinaries { reason });
            }
        }
        Ok(binaries)
    }

    fn named_in(folder: &Path) -> Self {
        Self { etcd: folder.join("etcd"), kube_apiserver: folder.join("kube-apiserver") }
    }

    fn build() -> Result<Self, Error> {
        let module = GoModule::read("control-plane")?;
        let parent = target_dir().join("control-plane");
        let folder = build_once(&parent, &module.fingerprint(), |folder| {
            build(&module, folder, &parent.join("build.log"))
        })?;
        Ok(Self::named_in(&folder))
    }
}

/// One call for both: the go tool then keeps all cores busy to the end.
fn build(module: &GoModule, folder: &Path, log: &Path) -> Result<(), Error> {
    let mut command = module.go_build(folder);
    command.args(["k8s.io/kubernetes/cmd/kube-apiserver", "go.etcd.io/etcd/server/v3"]);
    go_tool::run(&mut command, "building etcd and kube-apiserver (minutes, once)", log)?;
    let (built, etcd) = (folder.join("server"), folder.join("etcd"));
    fs::rename(&built, &etcd).map_err(Error::io("rename to etcd the file", &built))
}
