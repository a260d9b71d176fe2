//! The log that all commands under a lock append to.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use testkit::beat::Beat;

/// The log, and how much of it was read.
pub(super) struct Beats {
    path: PathBuf,
    log: File,
    rest: String,
}

impl Beats {
    pub(super) fn new(folder: &Path) -> Self {
        let path = folder.join("beats");
        File::create(&path).unwrap();
        let log = File::open(&path).unwrap();
        Self { path, log, rest: String::new() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What was written since the last call, in the order of the log.
    pub(super) fn news(&mut self) -> Vec<Beat> {
        self.log.read_to_string(&mut self.rest).unwrap();
        let whole = self.rest.rfind('\n').map_or(0, |end| end + 1);
        let lines: String = self.rest.drain(..whole).collect();
        lines.lines().map(|line| line.parse().unwrap()).collect()
    }
}
