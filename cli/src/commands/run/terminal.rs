//! Who may read the terminal: the command, while it runs in the foreground.
//!
//! Our processes have SIGTTOU blocked, so the terminal obeys them from the background too.

use std::fs::File;
use std::io::IsTerminal;
use std::os::fd::AsFd;

use nix::unistd::getpgrp;
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process_group};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr, tcsetpgrp};

use super::group::Group;

/// The controlling terminal, and what it was like before the command.
pub(super) struct Terminal {
    device: File,
    modes: Termios,
    /// The group of `kubelock run`, which the user's shell knows.
    ours: Pid,
}

impl Terminal {
    /// The controlling terminal of this session, if it has one.
    pub(super) fn open(ours: Pid) -> Option<Self> {
        let device = File::options().read(true).write(true).open("/dev/tty").ok()?;
        let modes = tcgetattr(&device).ok()?;
        Some(Self { device, modes, ours })
    }

    fn foreground(&self) -> Option<Pid> {
        tcgetpgrp(&self.device).ok()
    }

    /// Whether our group has the foreground.
    pub(super) fn is_ours(&self) -> bool {
        self.foreground() == Some(self.ours)
    }

    /// Gives the foreground to the command, if it is ours to give.
    pub(super) fn give(&self, group: Group) -> bool {
        let foreground = self.foreground();
        foreground == Some(group.0)
            || (foreground == Some(self.ours) && tcsetpgrp(&self.device, group.0).is_ok())
    }

    /// Takes the foreground back, unless somebody else has it by now.
    pub(super) fn take_back(&self, group: Group) -> bool {
        let foreground = self.foreground();
        let stale = |holder| holder == group.0 || is_gone(holder);
        foreground.is_some_and(stale) && tcsetpgrp(&self.device, self.ours).is_ok()
    }

    /// Undoes what a command did to the modes that could not do it itself.
    pub(super) fn restore(&self) {
        // Never waits for output: that may be held up by the user.
        let _ = tcsetattr(&self.device, OptionalActions::Now, &self.modes);
    }
}

/// The group of this process, unless it is outside of our pid namespace.
pub(super) fn own_group() -> Option<Pid> {
    Pid::from_raw(getpgrp().as_raw())
}

/// Whether a group has no members. That of process 1 cannot be asked: the question would go to
/// every process there is.
fn is_gone(group: Pid) -> bool {
    !group.is_init() && test_kill_process_group(group) == Err(Errno::SRCH)
}

/// Whether the command is to have the foreground from the start.
///
/// In a pipeline somebody else may need the terminal more, such as a pager.
pub(super) fn wants_foreground(stdin: impl AsFd, stdout: impl AsFd) -> bool {
    let piped = |stat: rustix::fs::Stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo;
    stdin.as_fd().is_terminal() && !fstat(stdout).is_ok_and(piped)
}
