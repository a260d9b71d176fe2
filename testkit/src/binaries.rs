//! etcd and kube-apiserver: at hand, or built from the Go module proxy.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::go_tool;
use crate::shared_build::build_once;
use crate::target_dir::{target_dir, workspace_dir};
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
        let source = Source::read()?;
        let parent = target_dir().join("control-plane");
        let folder = build_once(&parent, &source.fingerprint(), |folder| {
            source.build(folder, &parent.join("build.log"))
        })?;
        Ok(Self::named_in(&folder))
    }
}

/// The module that names the exact versions of all that goes into the binaries.
struct Source {
    module: PathBuf,
    go_mod: String,
    go_sum: String,
}

impl Source {
    fn read() -> Result<Self, Error> {
        let module = workspace_dir().join("testkit/control-plane");
        let read = |name| {
            let path = module.join(name);
            fs::read_to_string(&path).map_err(Error::io("read", &path))
        };
        Ok(Self { go_mod: read("go.mod")?, go_sum: read("go.sum")?, module })
    }

    /// Another one for other versions or flags, which are then built beside the old.
    fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.go_mod, &self.go_sum, go_tool::flags(&self.ldflags())).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    /// kube-apiserver says at `/version` what it was told when it was linked.
    fn ldflags(&self) -> String {
        format!("-s -w -X k8s.io/component-base/version.gitVersion={}", self.kubernetes_version())
    }

    fn kubernetes_version(&self) -> &str {
        let required = self.go_mod.lines().find_map(|line| {
            line.trim().trim_start_matches("require ").strip_prefix("k8s.io/kubernetes ")
        });
        required.and_then(|version| version.split_whitespace().next()).unwrap_or("v0.0.0")
    }

    /// One call for both: the go tool then keeps all cores busy to the end.
    fn build(&self, folder: &Path, log: &Path) -> Result<(), Error> {
        let mut command = go_tool::go("build", &self.module, &self.ldflags());
        command.arg("-v").arg("-o").arg(folder);
        command.args(["k8s.io/kubernetes/cmd/kube-apiserver", "go.etcd.io/etcd/server/v3"]);
        go_tool::run(&mut command, "building etcd and kube-apiserver (minutes, once)", log)?;
        let (built, etcd) = (folder.join("server"), folder.join("etcd"));
        fs::rename(&built, &etcd).map_err(Error::io("rename to etcd the file", &built))
    }
}
