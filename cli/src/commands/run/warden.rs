//! The second process: it starts the command and ends it when the lock ends.
//!
//! It lives through the death of the first one, and through its sleep. Nothing here needs the
//! network, a runtime or much memory.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal};

use super::channel::Channel;
use super::group::Group;
use super::message::{Order, Report, Status};
use super::plan::{Deadlines, Plan, Step};
use super::terminal::{Terminal, wants_foreground};
use super::{LAUNCHER, called, outcome, signals, waiter};
use crate::boottime::Boottime;
use crate::output::aside::Aside;
use crate::output::talk;
use crate::program::own_path;

/// How long those whom the command left behind may take to end.
const LINGER: Duration = Duration::from_secs(1);
/// How often to see whether they have.
const GLANCE: Duration = Duration::from_millis(10);

/// Runs to the end of the command.
pub(super) fn run(words: &[OsString]) -> ExitCode {
    let supervised = Channel::from_stdin().and_then(|first| supervise(first, words));
    if supervised.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn supervise(first: Channel, words: &[OsString]) -> io::Result<()> {
    signals::block_all()?;
    // So that who looks for `kubelock` by name finds the first alone. Linux only, and no matter.
    let _ = std::fs::write("/proc/self/comm", "kubelock-warden");
    let Some((Order::Start { deadlines, grace, group }, Some(stdin))) = first.receive_fd()? else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let launched = launch(words).inspect_err(|error| {
        let _ = first.send(Report::Failed(error.raw_os_error().unwrap_or(0)));
    })?;
    let mut warden = Warden::new(first, launched, deadlines, grace, group.and_then(Terminal::open));
    warden.go(&stdin);
    // Nothing is read from it here. The first process keeps its own, as any parent does.
    drop(stdin);
    warden.watch();
    Ok(())
}

/// The process that becomes the command, in a group of its own.
struct Launched {
    group: Group,
    channel: Channel,
    waiter: Channel,
}

fn launch(words: &[OsString]) -> io::Result<Launched> {
    let (channel, theirs) = Channel::pair()?;
    let child = Command::new(own_path()?)
        .arg0(called())
        .arg(LAUNCHER)
        .args(words)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .process_group(0)
        .spawn()?;
    let child = Pid::from_child(&child);
    Ok(Launched { group: Group(child), channel, waiter: waiter::start(child)? })
}

/// What is known of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Running,
    Stopped,
    /// Its main process has ended; others of its group may not have.
    Over(Status),
}

struct Warden {
    /// Nothing once the first process has ended.
    first: Option<Channel>,
    launched: Launched,
    life: Life,
    plan: Plan,
    /// The deadline last told, whatever the plan has made of it.
    term_at: Boottime,
    grace: Duration,
    terminal: Option<Terminal>,
    /// Whether the command is to have the foreground whenever we have it.
    in_foreground: bool,
    /// Whether the command was asked to end while it ran.
    has_cut_short: bool,
}

impl Warden {
    fn new(
        first: Channel,
        launched: Launched,
        deadlines: Deadlines,
        grace: Duration,
        terminal: Option<Terminal>,
    ) -> Self {
        Self {
            first: Some(first),
            launched,
            life: Life::Running,
            plan: Plan::new(deadlines),
            term_at: deadlines.term_at,
            grace,
            terminal,
            in_foreground: false,
            has_cut_short: false,
        }
    }

    /// Lets the launcher become the command, once the first process can end it too.
    fn go(&mut self, stdin: &OwnedFd) {
        let is_told = self.report(Report::Launched(self.launched.group.0));
        self.in_foreground = wants_foreground(stdin, io::stdout());
        if self.in_foreground {
            self.give_terminal();
        }
        if is_told && self.plan.is_open(Boottime::now()) {
            // A launcher that is gone is seen by the waiter.
            let _ = self.launched.channel.send_fd(Order::Go, stdin.as_fd());
        } else {
            self.launched.group.kill();
        }
    }

    /// Looks after the command until nobody is left of it.
    fn watch(&mut self) {
        loop {
            // First of all what was said while we slept: the deadlines may have moved.
            while self.listen(Duration::ZERO) {}
            let now = Boottime::now();
            match self.plan.due(now) {
                Some(Step::Terminate) => self.terminate(),
                Some(Step::Kill) => self.kill(),
                None => {}
            }
            if let Life::Over(status) = self.life
                && self.launched.group.is_gone()
            {
                return self.tell_end(status);
            }
            if self.plan.is_overdue(now) {
                return self.give_up();
            }
            self.listen(self.rest(now));
        }
    }

    fn rest(&self, now: Boottime) -> Duration {
        let rest = self.plan.rest(now);
        if matches!(self.life, Life::Over(_)) { rest.min(GLANCE) } else { rest }
    }

    fn terminate(&mut self) {
        self.note_cut();
        self.launched.group.terminate();
        self.report(Report::Terminating);
    }

    fn kill(&mut self) {
        self.note_cut();
        self.launched.group.kill();
    }

    /// No renewal that is heard of later makes such an end one of the command's own.
    fn note_cut(&mut self) {
        self.has_cut_short |= !matches!(self.life, Life::Over(_));
    }

    /// Who cannot be killed may live for ever. The first process says so, while it lives.
    fn give_up(&self) {
        if !self.report(Report::Immortal) {
            // A full stderr must not keep this process.
            let _aside = Aside::start();
            talk::failure(&outcome::immortal());
        }
    }

    /// Says whether it is on its way: a first process that has ended, or that does not listen, is
    /// told nothing.
    fn report(&self, report: Report) -> bool {
        self.first.as_ref().is_some_and(|first| first.send(report).is_ok())
    }

    fn tell_end(&self, status: Status) {
        // It never became the command, and said why; else the channel closed when it did.
        if let Ok(Some(refused)) = self.launched.channel.receive() {
            self.report(refused);
            return;
        }
        let in_time = !self.has_cut_short && Boottime::now() < self.term_at;
        self.report(Report::Ended { status, in_time });
    }

    /// Waits for the first process, the command or the clock; says whether there was any news.
    fn listen(&mut self, rest: Duration) -> bool {
        let [first, waiter] = self.readable(rest);
        if waiter {
            self.hear_waiter();
        }
        if first {
            self.hear_first();
        }
        first || waiter
    }

    fn readable(&self, rest: Duration) -> [bool; 2] {
        // A channel that has come to its end would be readable forever.
        let waiter = (!matches!(self.life, Life::Over(_))).then_some(&self.launched.waiter);
        let channels = [self.first.as_ref(), waiter];
        let mut fds: Vec<_> =
            channels.iter().flatten().map(|channel| PollFd::new(*channel, PollFlags::IN)).collect();
        let rest = Timespec { tv_sec: 0, tv_nsec: rest.subsec_nanos().into() };
        if poll(&mut fds, Some(&rest)).is_err() {
            return [false, false];
        }
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        channels.map(|channel| channel.is_some() && ready.next() == Some(true))
    }

    fn hear_first(&mut self) {
        let order = self.first.as_ref().map(Channel::receive);
        match order {
            Some(Ok(Some(order))) => self.obey(order),
            _ => self.first_has_ended(),
        }
    }

    fn first_has_ended(&mut self) {
        self.first = None;
        let now = Boottime::now();
        self.plan.end(now, now.after(self.grace));
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Extend(newer) => {
                self.term_at = self.term_at.max(newer.term_at);
                self.plan.extend(newer, Boottime::now());
            }
            Order::End { kill_at } => self.plan.end(Boottime::now(), kill_at),
            Order::Resume => self.resume(),
            Order::Start { .. } | Order::Go => {}
        }
    }

    fn hear_waiter(&mut self) {
        match self.launched.waiter.receive() {
            Ok(Some(Report::Stopped(signal))) => self.has_stopped(signal),
            Ok(Some(Report::Ended { status, .. })) => self.has_ended(status),
            // Nobody knows what became of it.
            _ => self.has_ended(Status::Exited(u8::MAX)),
        }
    }

    fn has_stopped(&mut self, signal: i32) {
        let asks = [Signal::TTIN, Signal::TTOU].iter().any(|ask| ask.as_raw() == signal);
        if asks && self.give_terminal() {
            self.in_foreground = true;
            return self.launched.group.signal(Signal::CONT);
        }
        self.life = Life::Stopped;
        self.take_terminal_back(true);
        self.report(Report::Stopped(signal));
    }

    /// In the foreground if the user's shell has put us there.
    fn resume(&mut self) {
        if self.life == Life::Stopped {
            self.life = Life::Running;
        }
        if self.in_foreground {
            self.give_terminal();
        }
        self.launched.group.signal(Signal::CONT);
    }

    fn has_ended(&mut self, status: Status) {
        self.life = Life::Over(status);
        self.take_terminal_back(matches!(status, Status::Killed(_)));
        if !self.launched.group.is_gone() {
            let now = Boottime::now();
            self.plan.end(now, now.after(LINGER));
        }
    }

    fn give_terminal(&self) -> bool {
        self.terminal.as_ref().is_some_and(|terminal| terminal.give(self.launched.group))
    }

    fn take_terminal_back(&self, restore: bool) {
        if let Some(terminal) = &self.terminal
            && terminal.take_back(self.launched.group)
            && restore
        {
            terminal.restore();
        }
    }
}
