use std::env;
use std::path::{Path, PathBuf};

/// The workspace's folder, as it was when this crate was compiled.
pub fn workspace_dir() -> PathBuf {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_dir.parent().unwrap_or(crate_dir).to_path_buf()
}

/// Cargo's target folder, where all that tests build is kept.
pub fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) if !folder.is_empty() => workspace_dir().join(folder),
        _ => workspace_dir().join("target"),
    }
}
