//! What is built once, however many processes need it at the same time.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::progress::say;

/// The folder `parent/name`, filled by `build` unless a process did that before.
///
/// # Guarantees
/// The folder appears whole or not at all: `build` works in another one, which
/// is renamed when it returns. One process builds, the others wait for it.
pub fn build_once(
    parent: &Path,
    name: &str,
    build: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<PathBuf, Error> {
    let product = parent.join(name);
    if product.exists() {
        return Ok(product);
    }
    let _lock = lock(parent)?;
    if product.exists() {
        return Ok(product);
    }
    let partial = empty_partial(parent)?;
    build(&partial)?;
    fs::rename(&partial, &product).map_err(Error::io("rename the finished build to", &product))?;
    Ok(product)
}

/// Takes the folder's lock file until the returned file is closed.
pub(crate) fn lock(folder: &Path) -> Result<File, Error> {
    fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
    let path = folder.join("lock");
    let file = File::create(&path).map_err(Error::io("create the lock file", &path))?;
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        say(&format!("waiting for another process that builds into {}", folder.display()));
    }
    // A second time by the process that has it already changes nothing.
    file.lock().map_err(Error::io("lock", &path))?;
    Ok(file)
}

/// An own name for each process: the go tool of a killed one may still write.
fn empty_partial(parent: &Path) -> Result<PathBuf, Error> {
    const PREFIX: &str = "partial-";
    for entry in fs::read_dir(parent).map_err(Error::io("read", parent))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            // What can't be removed is in nobody's way.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
    let partial = parent.join(format!("{PREFIX}{}", std::process::id()));
    fs::create_dir_all(&partial).map_err(Error::io("create the folder", &partial))?;
    Ok(partial)
}
