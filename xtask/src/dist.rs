mod archive;
mod krew;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::cargo::{self, cargo};
use crate::terminal::{print, say};
use archive::Archive;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build without optimisation: quick, to look at the result
    #[arg(long)]
    debug: bool,
    /// Where the archives will be found, for the krew manifest
    #[arg(long, value_name = "URL", default_value = "https://kubelock.example.org/releases")]
    url: String,
    /// The project's page, for the krew manifest
    #[arg(long, value_name = "URL", default_value = "https://kubelock.example.org")]
    homepage: String,
    /// Where to put all of it [default: target/dist]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// What is shipped is of one version.
const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"));
/// The shells, and the names that they want their scripts to have.
const COMPLETIONS: [(&str, &str); 3] =
    [("bash", "kubelock.bash"), ("zsh", "_kubelock"), ("fish", "kubelock.fish")];
/// What kubectl runs to complete the words of its plugin.
const KUBECTL_COMPLETE: &str = "\
#!/bin/sh
exec kubectl-kubelock __complete \"$@\"
";

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    assemble(args, &build(args.debug)?)
}

/// The archive, its checksum and the manifest.
fn assemble(args: &Args, binary: &Path) -> Result<ExitCode> {
    let folder = args.out.clone().unwrap_or_else(|| testkit::target_dir().join("dist"));
    let archive = pack(binary, &folder)?;
    let manifest = folder.join("kubelock.yaml");
    // Archives of other platforms may have been put there, too.
    let archives = Archive::all_in(&folder, VERSION)?;
    fs::write(&manifest, krew::manifest(VERSION, &args.homepage, &args.url, &archives))
        .with_context(|| format!("cannot write {}", manifest.display()))?;
    print(&format!("{}\n{}", archive.display(), manifest.display()));
    say(&format!("the manifest says that archives are at {} (--url)", args.url));
    Ok(ExitCode::SUCCESS)
}

fn build(debug: bool) -> Result<PathBuf> {
    say("building the command line");
    let mut command = cargo();
    command.args(["build", "--quiet", "--workspace", "--bin", "kubelock"]);
    if !debug {
        command.arg("--release");
    }
    cargo::succeed(&mut command)?;
    let profile = if debug { "debug" } else { "release" };
    Ok(testkit::target_dir().join(profile).join("kubelock"))
}

/// The archive of this machine's platform, with its checksum beside it.
fn pack(binary: &Path, folder: &Path) -> Result<PathBuf> {
    let stage = folder.join("stage");
    if stage.exists() {
        fs::remove_dir_all(&stage).context("cannot empty the stage")?;
    }
    furnish(binary, &stage)?;
    let path = Archive::of_this_machine(VERSION).write(&stage, folder)?;
    fs::remove_dir_all(&stage).context("cannot remove the stage")?;
    Ok(path)
}

/// Puts all that belongs in the archive where it belongs.
fn furnish(binary: &Path, stage: &Path) -> Result<()> {
    let (man, completions) = (stage.join("man"), stage.join("completions"));
    for folder in [&man, &completions] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let copy = |from: &Path, name: &str| {
        let copied = fs::copy(from, stage.join(name));
        copied.with_context(|| format!("cannot copy {}", from.display()))
    };
    copy(binary, "kubelock")?;
    for name in ["LICENSE", "README.md"] {
        copy(&testkit::workspace_dir().join(name), name)?;
    }
    cargo::succeed(Command::new(binary).arg("man").arg(&man))?;
    for (shell, name) in COMPLETIONS {
        let script = Command::new(binary).args(["completion", shell]).output();
        let script = script.with_context(|| format!("cannot ask for the script of {shell}"))?;
        ensure!(script.status.success(), "there is no script of {shell}: {}", script.status);
        fs::write(completions.join(name), script.stdout).context("cannot write a script")?;
    }
    fs::write(stage.join("kubectl_complete-kubelock"), KUBECTL_COMPLETE)
        .context("cannot write a script")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Read;

    use super::*;

    fn content(archive: &Path) -> BTreeSet<(String, u32, bool)> {
        let file = flate2::read::GzDecoder::new(fs::File::open(archive).unwrap());
        let mut tar = tar::Archive::new(file);
        let entry = |entry: std::io::Result<tar::Entry<'_, _>>| {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let mode = entry.header().mode().unwrap();
            let mut first = [0];
            (path, mode, entry.read(&mut first).unwrap() > 0)
        };
        tar.entries().unwrap().map(entry).collect()
    }

    #[test]
    fn what_is_shipped_is_whole_and_can_be_installed_by_krew() {
        let folder = tempfile::tempdir().unwrap();
        let url = "https://downloads.example.org/kubelock";
        let homepage = "https://example.org/kubelock".to_owned();
        let out = Some(folder.path().into());
        let args = Args { debug: true, url: url.into(), homepage, out };
        // `cargo test --workspace` has built it.
        let built = testkit::target_dir().join("debug/kubelock");
        let binary = if built.exists() { built } else { build(true).unwrap() };
        assemble(&args, &binary).unwrap();

        let archive = folder.path().join(Archive::of_this_machine(VERSION).name());
        let content = content(&archive);
        let has = |name: &str, mode| content.contains(&(name.to_owned(), mode, true));
        for program in ["kubelock", "kubectl_complete-kubelock"] {
            assert!(has(program, 0o755), "{program}: {content:?}");
        }
        for file in [
            "LICENSE",
            "README.md",
            "man/kubelock.1",
            "man/kubelock-run.1",
            "man/kubelock-doctor.1",
            "completions/kubelock.bash",
            "completions/_kubelock",
            "completions/kubelock.fish",
        ] {
            assert!(has(file, 0o644), "{file}: {content:?}");
        }
        assert!(!content.iter().any(|(name, ..)| name.contains("kubelock-man")), "{content:?}");

        let manifest = fs::read_to_string(folder.path().join("kubelock.yaml")).unwrap();
        let manifest: serde_json::Value = serde_saphyr::from_str(&manifest).unwrap();
        assert_eq!(manifest["spec"]["version"], VERSION);
        let platform = &manifest["spec"]["platforms"][0];
        let checksum = fs::read_to_string(archive.with_extension("gz.sha256")).unwrap();
        let (sum, name) = checksum.trim_end().split_once("  ").unwrap();
        assert_eq!(platform["uri"], format!("{url}/{VERSION}/{name}"));
        assert_eq!(platform["sha256"], sum);
        let bin = platform["bin"].as_str().unwrap();
        assert!(has(bin, 0o755));
        is_valid_to_krew(&manifest);
    }

    /// What krew demands of a manifest (its `internal/index/validation/validate.go`).
    fn is_valid_to_krew(manifest: &serde_json::Value) {
        assert_eq!(manifest["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2");
        assert_eq!(
            (&manifest["kind"], &manifest["metadata"]["name"]),
            (&"Plugin".into(), &"kubelock".into())
        );
        let spec = &manifest["spec"];
        let description = spec["shortDescription"].as_str().unwrap();
        assert!(!description.is_empty() && !description.contains(['\r', '\n']), "{description:?}");
        let version = spec["version"].as_str().unwrap().strip_prefix('v').unwrap();
        assert_eq!(version.split('.').filter(|part| part.parse::<u32>().is_ok()).count(), 3);
        for platform in spec["platforms"].as_array().unwrap() {
            let sum = platform["sha256"].as_str().unwrap();
            let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            assert!(sum.len() == 64 && sum.chars().all(is_hex), "{sum}");
            assert!(platform.get("files").is_none(), "all of the archive is installed");
            let labels = platform["selector"]["matchLabels"].as_object().unwrap();
            assert_eq!(labels.keys().collect::<Vec<_>>(), ["arch", "os"]);
        }
    }

    #[test]
    fn the_same_files_make_the_same_archive() {
        let (stage, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sum = |name: &str| {
            fs::write(stage.path().join(name), name).unwrap();
            let path = Archive::of_this_machine(VERSION).write(stage.path(), out.path()).unwrap();
            fs::read(path).unwrap()
        };
        assert_eq!(sum("a"), sum("a"));
        assert_ne!(sum("a"), sum("b"));
    }
}
