//! Whether the command can be executed, before anybody waits for a lock.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::text;

/// Where `execvp` looks when nobody says.
const USUAL_PATH: &str = "/bin:/usr/bin";

/// Refuses a command that does not exist or cannot be executed.
pub(in crate::commands) fn check(program: &OsStr) -> Result<(), Failure> {
    let path = env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
    let name = text::line(&program.to_string_lossy());
    match find(program, &path) {
        Found::Executable => Ok(()),
        Found::NotExecutable => Err(not_executable(&name, "no permission, or not a file")),
        Found::Nowhere if has_slash(program) => Err(missing(&name, "does not exist")),
        Found::Nowhere => Err(missing(&name, "is not in PATH")),
    }
}

/// The failure of a command that the system refused to execute.
pub(in crate::commands) fn refused(program: &OsStr, error: &std::io::Error) -> Failure {
    let name = text::line(&program.to_string_lossy());
    if error.kind() == std::io::ErrorKind::NotFound {
        missing(&name, "does not exist, or its interpreter does not")
    } else {
        not_executable(&name, &error.to_string())
    }
}

fn missing(name: &str, why: &str) -> Failure {
    Failure::new(Exit::NoSuchCommand, format!("command \"{name}\" {why}"))
}

fn not_executable(name: &str, why: &str) -> Failure {
    Failure::new(Exit::NotExecutable, format!("command \"{name}\" cannot be executed: {why}"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Executable,
    NotExecutable,
    Nowhere,
}

/// Looks as `execvp` does.
fn find(program: &OsStr, path: &OsStr) -> Found {
    if program.is_empty() {
        return Found::Nowhere;
    }
    if has_slash(program) {
        return look_at(Path::new(program));
    }
    let found: Vec<Found> = candidates(program, path).iter().map(|path| look_at(path)).collect();
    let best = [Found::Executable, Found::NotExecutable];
    best.into_iter().find(|best| found.contains(best)).unwrap_or(Found::Nowhere)
}

/// An empty folder in `PATH` is the present one.
fn candidates(program: &OsStr, path: &OsStr) -> Vec<PathBuf> {
    env::split_paths(path).map(|folder| folder.join(program)).collect()
}

fn look_at(path: &Path) -> Found {
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Found::NotExecutable,
        Err(_) => Found::Nowhere,
        Ok(file) if file.is_file() && access(path, Access::EXEC_OK).is_ok() => Found::Executable,
        Ok(_) => Found::NotExecutable,
    }
}

fn has_slash(program: &OsStr) -> bool {
    program.as_encoded_bytes().contains(&b'/')
}

/// The command as a person reads it, cut where it gets long.
pub(super) fn shown(words: &[OsString]) -> String {
    words.first().map(|word| text::line(&word.to_string_lossy())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn commands_are_looked_up_as_the_system_does() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, tool) = (folder.path().join("plain"), folder.path().join("tool"));
        fs::write(&plain, "").unwrap();
        fs::write(&tool, "").unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        let path = env::join_paths([Path::new("/nonexistent"), folder.path()]).unwrap();

        assert_eq!(find(OsStr::new("tool"), &path), Found::Executable);
        assert_eq!(find(OsStr::new("plain"), &path), Found::NotExecutable);
        assert_eq!(find(OsStr::new("other"), &path), Found::Nowhere);
        assert_eq!(find(OsStr::new(""), &path), Found::Nowhere);
        assert_eq!(find(tool.as_os_str(), OsStr::new("")), Found::Executable);
        assert_eq!(find(folder.path().as_os_str(), &path), Found::NotExecutable);
        assert_eq!(find(OsStr::new("/nonexistent/tool"), &path), Found::Nowhere);
    }
}
