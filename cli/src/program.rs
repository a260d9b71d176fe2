//! What this program is called by whoever started it.

use std::ffi::OsStr;
use std::path::Path;

/// How to write this program in a usage line or a hint.
///
/// kubectl starts `kubectl-kubelock` for `kubectl kubelock`.
pub(crate) fn name() -> &'static str {
    std::env::args_os().next().map_or("kubelock", |first| called(&first))
}

/// Whether kubectl started this program to complete the words of its plugin.
pub(crate) fn is_completer() -> bool {
    std::env::args_os()
        .next()
        .is_some_and(|first| stem(&first) == Some("kubectl_complete-kubelock"))
}

/// The path of this very program: on Linux even where its file was replaced since it was started.
#[cfg(unix)]
pub(crate) fn own_path() -> std::io::Result<std::path::PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}

fn called(first_argument: &OsStr) -> &'static str {
    match stem(first_argument) {
        Some("kubectl-kubelock") => "kubectl kubelock",
        _ => "kubelock",
    }
}

fn stem(first_argument: &OsStr) -> Option<&str> {
    Path::new(first_argument).file_stem().and_then(OsStr::to_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plugin_is_written_as_kubectl_users_type_it() {
        assert_eq!(called(OsStr::new("/opt/bin/kubectl-kubelock")), "kubectl kubelock");
        assert_eq!(called(OsStr::new("kubectl-kubelock.exe")), "kubectl kubelock");
        assert_eq!(called(OsStr::new("target/kubelock")), "kubelock");
        assert_eq!(called(OsStr::new("")), "kubelock");
    }
}
