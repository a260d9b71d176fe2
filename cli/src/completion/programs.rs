//! Programs on the `PATH`, and files: what `run` runs.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use clap_complete::CompletionCandidate;
use clap_complete::engine::{PathCompleter, ValueCompleter};

use super::typed::Typed;

/// COMMAND, or what it takes.
pub(super) fn found(typed: &Typed, word: &OsStr) -> Vec<CompletionCandidate> {
    let mut found = PathCompleter::any().complete(word);
    let word = word.to_string_lossy();
    // Without a letter there are thousands.
    if !typed.has_program && !word.is_empty() && !word.contains('/') {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<_> = std::env::split_paths(&path).collect();
        let programs = folders.iter().flat_map(|folder| programs(folder, &word));
        let programs: BTreeSet<String> = programs.collect();
        found.extend(programs.into_iter().map(CompletionCandidate::new));
    }
    found
}

fn programs(folder: &Path, word: &str) -> Vec<String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    names.filter(|name| name.starts_with(word)).collect()
}
