//! The process group of the command.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// A process group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group(pub(super) Pid);

impl Group {
    /// Sends a signal; a group that is gone, or that belongs to another user, gets none.
    pub(super) fn signal(self, signal: Signal) {
        let _ = kill_process_group(self.0, signal);
    }

    /// Sends a signal by its number.
    pub(super) fn signal_number(self, number: i32) {
        if let Some(signal) = Signal::from_named_raw(number) {
            self.signal(signal);
        }
    }

    /// Asks everybody in it to end; who is stopped must be continued to hear that.
    pub(super) fn terminate(self) {
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
    }

    /// Ends everybody in it.
    pub(super) fn kill(self) {
        self.signal(Signal::KILL);
    }

    /// Whether nobody in it can run any more.
    pub(super) fn is_gone(self) -> bool {
        match test_kill_process_group(self.0) {
            Err(Errno::SRCH) => true,
            // Apple's kernel says so of a group of zombies.
            Err(Errno::PERM) if cfg!(target_vendor = "apple") => true,
            _ => only_zombies(self.0),
        }
    }
}

/// Whether all that is left are entries of the process table.
///
/// In a container, process 1 may be a program that never reaps: then they stay forever.
#[cfg(target_os = "linux")]
fn only_zombies(group: Pid) -> bool {
    // Mostly its first member lives, and there is no need to look at all that run.
    let leader = std::fs::read_to_string(format!("/proc/{group}/stat"));
    if leader.is_ok_and(|stat| zombie_in(&stat, group) == Some(false)) {
        return false;
    }
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    let stats = processes.flatten().filter(|entry| is_number(&entry.file_name()));
    let stats = stats.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let members: Vec<bool> = stats.filter_map(|stat| zombie_in(&stat, group)).collect();
    // Whom the kernel counts and /proc does not show may be alive.
    !members.is_empty() && members.into_iter().all(|zombie| zombie)
}

#[cfg(not(target_os = "linux"))]
fn only_zombies(_: Pid) -> bool {
    false
}

#[cfg(target_os = "linux")]
fn is_number(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
}

/// Whether a member of this group is a zombie, by its `/proc/PID/stat`; nothing for others.
#[cfg(target_os = "linux")]
fn zombie_in(stat: &str, group: Pid) -> Option<bool> {
    const GROUP: usize = 2;
    const THREADS: usize = 17;
    // The name before these fields may hold anything, spaces and brackets too.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let member = fields.get(GROUP)?.parse() == Ok(group.as_raw_pid());
    // A process whose first thread has ended looks like a zombie while others run.
    let dead = matches!(*fields.first()?, "Z" | "X") && matches!(*fields.get(THREADS)?, "0" | "1");
    member.then_some(dead)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    use super::*;

    fn started(program: &str, argument: &str) -> std::io::Result<(Child, Group)> {
        let child = Command::new(program).arg(argument).process_group(0).spawn()?;
        let group = Group(Pid::from_child(&child));
        Ok((child, group))
    }

    #[test]
    fn a_group_is_gone_when_its_last_member_is() {
        let (mut child, group) = started("sleep", "1000").unwrap();
        assert!(!group.is_gone());
        group.kill();
        child.wait().unwrap();
        assert!(group.is_gone());
    }

    #[test]
    fn a_zombie_that_nobody_reaps_is_as_good_as_gone() {
        let (mut child, group) = started("sleep", "0").unwrap();
        while !group.is_gone() {
            std::thread::yield_now();
        }
        assert!(child.try_wait().unwrap().is_some());
    }

    #[test]
    fn a_name_in_the_process_table_cannot_pose_as_fields() {
        let group = Pid::from_raw(42).unwrap();
        let stat = |state: &str, group: u32, threads: u32| {
            format!("7 (a) Z 1 42 (b) {state} 1 {group} 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 {threads} 0")
        };
        assert_eq!(zombie_in(&stat("S", 42, 1), group), Some(false));
        assert_eq!(zombie_in(&stat("Z", 42, 1), group), Some(true));
        assert_eq!(zombie_in(&stat("Z", 42, 3), group), Some(false));
        assert_eq!(zombie_in(&stat("S", 43, 1), group), None);
    }
}
