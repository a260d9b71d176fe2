//! A thread that waits for what becomes of the command.

use std::io;
use std::thread;

use rustix::io::retry_on_intr;
use rustix::process::{Pid, WaitOptions, WaitStatus, waitpid};

use super::channel::Channel;
use super::message::{Report, Status};

/// Reports each stop of this child, and its end; then the channel closes.
pub(super) fn start(child: Pid) -> io::Result<Channel> {
    let (here, there) = Channel::pair()?;
    thread::Builder::new().spawn(move || watch(child, &there))?;
    Ok(here)
}

/// A child that cannot be waited for ends the thread, and with it the channel.
fn watch(child: Pid, reports: &Channel) {
    while let Ok(Some((_, status))) = retry_on_intr(|| waitpid(Some(child), WaitOptions::UNTRACED))
    {
        let Some(report) = report(status) else { continue };
        let over = matches!(report, Report::Ended { .. });
        if reports.send(report).is_err() || over {
            return;
        }
    }
}

fn report(status: WaitStatus) -> Option<Report> {
    if let Some(signal) = status.stopping_signal() {
        return Some(Report::Stopped(signal));
    }
    let exited = status.exit_status().and_then(|code| u8::try_from(code).ok()).map(Status::Exited);
    let status = exited.or_else(|| status.terminating_signal().map(Status::Killed))?;
    Some(Report::Ended { status, in_time: true })
}
