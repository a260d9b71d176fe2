use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::go_tool;
use crate::target_dir::workspace_dir;

/// A folder of this crate whose go.mod names the exact versions of all that goes into a binary.
pub(crate) struct GoModule {
    folder: PathBuf,
    go_mod: String,
    go_sum: String,
}

impl GoModule {
    pub(crate) fn read(name: &str) -> Result<Self, Error> {
        let folder = workspace_dir().join("testkit").join(name);
        let read = |name| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(Error::io("read", &path))
        };
        Ok(Self { go_mod: read("go.mod")?, go_sum: read("go.sum")?, folder })
    }

    /// Another one for other versions or flags, which are then built beside the old.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.go_mod, &self.go_sum, go_tool::flags(&self.ldflags())).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    /// `go build` into this folder; the packages are the caller's.
    pub(crate) fn go_build(&self, into: &Path) -> Command {
        let mut command = go_tool::go("build", &self.folder, &self.ldflags());
        command.arg("-v").arg("-o").arg(into);
        command
    }

    /// Kubernetes' programs say the version that they were told when they were linked.
    fn ldflags(&self) -> String {
        format!("-s -w -X k8s.io/component-base/version.gitVersion={}", self.kubernetes_version())
    }

    fn kubernetes_version(&self) -> &str {
        let required = self.go_mod.lines().find_map(|line| {
            line.trim().trim_start_matches("require ").strip_prefix("k8s.io/kubernetes ")
        });
        required.and_then(|version| version.split_whitespace().next()).unwrap_or("v0.0.0")
    }
}
