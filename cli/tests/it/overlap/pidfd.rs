//! A process by a handle, so that no signal ever reaches another one of the same number.

use std::fs;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process, whatever became of it.
#[derive(Clone)]
pub(super) struct Pidfd(Rc<OwnedFd>);

impl Pidfd {
    /// Nothing, if there is no such process any more.
    pub(super) fn open(pid: Pid) -> Option<Self> {
        pidfd_open(pid, PidfdFlags::empty()).ok().map(|fd| Self(Rc::new(fd)))
    }

    /// The only child of a process.
    pub(super) fn child_of(parent: Pid) -> Option<Self> {
        let parent = parent.as_raw_pid();
        let child = processes().find(|pid| parent_of(*pid) == Some(parent))?;
        let found = Self::open(Pid::from_raw(child)?)?;
        // It may have ended before it was opened, and another have taken its number.
        (parent_of(child) == Some(parent)).then_some(found)
    }

    /// Who has ended is sent nothing.
    pub(super) fn send(&self, signal: Signal) {
        let _ = pidfd_send_signal(&*self.0, signal);
    }
}

/// The command lines of all processes.
pub(super) fn command_lines() -> impl Iterator<Item = String> {
    let read = |pid| fs::read(format!("/proc/{pid}/cmdline")).ok();
    processes().filter_map(read).map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
}

fn processes() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}
