//! A Ctrl-C, or a terminal that is closed, while candidates are looked for.

/// A credential plugin has a session of its own: the signal that ends us does not reach it.
///
/// Before there are threads, for they are to have the signals blocked as well.
#[cfg(unix)]
pub(super) fn leave_nothing_behind() {
    use nix::sys::signal::{SigSet, Signal};

    let ends = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM];
    let ends: SigSet = ends.into_iter().collect();
    let is_blocked = ends.thread_block().is_ok();
    let watch = move || {
        if let Ok(signal) = ends.wait() {
            crate::client::kill_alone();
            std::process::exit(128 + signal as i32);
        }
    };
    if is_blocked && std::thread::Builder::new().spawn(watch).is_err() {
        // Nobody hears them then.
        let _ = ends.thread_unblock();
    }
}

#[cfg(not(unix))]
pub(super) fn leave_nothing_behind() {}
