//! The process that removes the kubeconfig if this one can't: after kill -9, say.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};

use crate::program::own_path;

/// The word that makes this program the sweeper. Nobody types it.
const SWEEPER: &str = "__sweeper";

/// It waits for our end: for that of the pipe that only we hold.
pub(super) struct Sweeper(Child);

impl Sweeper {
    /// Starts it in a group of its own, where no key of the terminal reaches it.
    pub(super) fn start(folder: PathBuf) -> io::Result<Self> {
        let child = Command::new(own_path()?)
            .arg0("kubelock-sweeper")
            .arg(SWEEPER)
            .arg(folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }
}

impl Drop for Sweeper {
    /// It has removed the folder when this returns.
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Becomes the sweeper, if it was started as such.
pub(super) fn inner_process() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next().as_deref() != Some(OsStr::new(SWEEPER)) {
        return None;
    }
    let folder = PathBuf::from(words.next()?);
    // Nothing is ever written: this is the end of whoever started it.
    let _ = io::stdin().read_to_end(&mut Vec::new());
    // It may be gone already.
    let _ = std::fs::remove_dir_all(folder);
    Some(ExitCode::SUCCESS)
}
