use std::env::consts;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use ring::digest::{SHA256, digest};
use tar::{Builder, EntryType, Header};

/// The archive of one platform, as krew and its users name such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archive {
    version: String,
    pub(crate) os: String,
    pub(crate) arch: String,
    pub(crate) sha256: Option<String>,
}

impl Archive {
    pub(crate) fn of_this_machine(version: &str) -> Self {
        let os = if consts::OS == "macos" { "darwin" } else { consts::OS };
        let arch = match consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self { version: version.into(), os: os.into(), arch: arch.into(), sha256: None }
    }

    /// `kubelock_v0.1.0_linux_amd64.tar.gz`.
    pub(crate) fn name(&self) -> String {
        format!("kubelock_{}_{}_{}.tar.gz", self.version, self.os, self.arch)
    }

    /// Those of one version, in the order of their names.
    pub(crate) fn all_in(folder: &Path, version: &str) -> Result<Vec<Self>> {
        let listing = fs::read_dir(folder).context("cannot list what is to be shipped")?;
        let files = listing.collect::<Result<Vec<_>, _>>().context("cannot list it")?;
        let mut names: Vec<String> =
            files.iter().filter_map(|file| file.file_name().into_string().ok()).collect();
        names.sort();
        let parsed = names.iter().filter_map(|name| Some((name, Self::parse(name, version)?)));
        parsed.map(|(name, archive)| archive.summed(&folder.join(name))).collect()
    }

    fn parse(name: &str, version: &str) -> Option<Self> {
        let platform = name.strip_prefix("kubelock_")?.strip_prefix(version)?.strip_prefix('_')?;
        let (os, arch) = platform.strip_suffix(".tar.gz")?.split_once('_')?;
        Some(Self { version: version.into(), os: os.into(), arch: arch.into(), sha256: None })
    }

    fn summed(self, path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { sha256: Some(sha256(&bytes)), ..self })
    }

    /// Packs the stage, and writes the checksum beside it as `sha256sum -c` takes it.
    pub(crate) fn write(&self, stage: &Path, folder: &Path) -> Result<PathBuf> {
        let path = folder.join(self.name());
        let bytes = packed(stage).context("cannot pack the archive")?;
        let sum = format!("{}  {}\n", sha256(&bytes), self.name());
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        fs::write(path.with_extension("gz.sha256"), sum).context("cannot write the checksum")?;
        Ok(path)
    }
}

/// The same bytes for the same files, whoever packs them, and when.
fn packed(stage: &Path) -> Result<Vec<u8>> {
    let gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let mut tar = Builder::new(gzip);
    append(&mut tar, stage, Path::new(""))?;
    Ok(tar.into_inner()?.finish()?)
}

fn append(tar: &mut Builder<impl Write>, folder: &Path, inside: &Path) -> Result<()> {
    let mut files = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    for file in files {
        let (path, name) = (file.path(), inside.join(file.file_name()));
        if path.is_dir() {
            append(tar, &path, &name)?;
        } else {
            append_file(tar, &path, &name)?;
        }
    }
    Ok(())
}

fn append_file(tar: &mut Builder<impl Write>, path: &Path, name: &Path) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(fs::metadata(path)?.len());
    header.set_mode(if is_program(name) { 0o755 } else { 0o644 });
    header.set_mtime(0);
    Ok(tar.append_data(&mut header, name, File::open(path)?)?)
}

fn is_program(name: &Path) -> bool {
    ["kubelock", "kubectl_complete-kubelock"].iter().any(|program| name == Path::new(program))
}

fn sha256(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    let digits = digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_known_by_its_name() {
        let archive = Archive::of_this_machine("v0.1.0");
        assert_eq!(Archive::parse(&archive.name(), "v0.1.0"), Some(archive.clone()));
        assert_eq!(Archive::parse(&archive.name(), "v0.2.0"), None);
        assert_eq!(Archive::parse("kubelock.yaml", "v0.1.0"), None);
    }

    #[test]
    fn checksums_are_those_of_sha256sum() {
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), of_nothing);
    }
}
