use std::io;
use std::path::PathBuf;

/// A program of this crate: beside the folder of the test that runs.
pub(crate) fn own_bin(name: &str) -> io::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.parent().and_then(|folder| folder.parent());
    folder.map(|folder| folder.join(name)).ok_or_else(|| io::ErrorKind::NotFound.into())
}
