//! The second process as the first one sees it.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::UnixStream;

use super::channel::Channel;
use super::environment::Environment;
use super::message::{FRAME, Message, Order, Report};
use super::plan::Deadlines;
use super::terminal::own_group;
use super::{WARDEN, called};
use crate::program::own_path;

/// The process, and the way to it and back.
pub(super) struct Second {
    child: Child,
    orders: Channel,
    reports: UnixStream,
    frame: [u8; FRAME],
    filled: usize,
}

impl Second {
    /// Starts it in a group of its own, where no key of the terminal reaches it.
    pub(super) fn start(words: &[OsString], environment: &Environment) -> io::Result<Self> {
        let (orders, theirs) = Channel::pair()?;
        let reports = orders.try_clone()?.into_stream();
        reports.set_nonblocking(true)?;
        let mut command = Command::new(own_path()?);
        command.arg0(called()).arg(WARDEN).args(words).process_group(0);
        environment.apply(&mut command);
        let child = command.stdin(Stdio::from(OwnedFd::from(theirs))).spawn()?;
        let reports = UnixStream::from_std(reports)?;
        Ok(Self { child, orders, reports, frame: [0; FRAME], filled: 0 })
    }

    /// Has the command started, with our own stdin as its stdin.
    pub(super) fn start_command(&self, deadlines: Deadlines, grace: Duration) -> io::Result<()> {
        let start = Order::Start { deadlines, grace, group: own_group() };
        self.orders.send_fd(start, io::stdin().as_fd())
    }

    /// Says whether the order is on its way. One that does not listen may never see it.
    pub(super) fn send(&self, order: Order) -> bool {
        self.orders.send(order).is_ok()
    }

    /// The next report; nothing once the process has ended.
    ///
    /// # Cancel safety
    /// Nothing that was read is lost.
    pub(super) async fn next(&mut self) -> Option<Report> {
        while self.filled < FRAME {
            self.reports.readable().await.ok()?;
            match self.reports.try_read(&mut self.frame[self.filled..]) {
                Ok(0) => return None,
                Ok(got) => self.filled += got,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
        }
        self.filled = 0;
        Report::from_frame(self.frame)
    }

    /// Leaves nothing behind. Only once the command's group is gone: nobody guards it then.
    pub(super) fn finish(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
