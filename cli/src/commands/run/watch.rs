//! The first process, while the command runs.
//!
//! It renews the lock, tells the second one, passes signals on; and it ends the command's group
//! itself where the second one cannot.

use std::ffi::OsString;
use std::pin::pin;
use std::time::Duration;

use kubelock::{Guard, Loss};
use nix::sys::signal::Signal;
use tokio::time::Instant;

use super::group::Group;
use super::message::{Order, Report, Status};
use super::plan::{Deadlines, Plan, Step};
use super::program;
use super::second::Second;
use super::signals::Signals;
use super::terminal::{Terminal, own_group};
use crate::boottime::Boottime;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{talk, text};

/// How long the second process may take to ask the group to end, before the first one does:
/// many programs take a second SIGTERM for impatience.
const LAG: Duration = Duration::from_millis(100);
/// What the second process has said already is heard within this.
const EARSHOT: Duration = Duration::from_millis(10);

/// How often to see whether a group is gone that nobody else watches.
const GLANCE: Duration = Duration::from_millis(50);

/// When a renewal must be told at once, for the deadline is near; and how often to look for one.
const LATE: Duration = Duration::from_secs(1);
const LATE_GLANCE: Duration = Duration::from_millis(10);

/// How long the second process may take to tell that the group is gone.
const SILENCE: Duration = Duration::from_secs(2);

/// What a command has at most, between SIGTERM and SIGKILL, where another may hold the lock.
const HASTE: Duration = Duration::from_secs(2);

/// How the command ended, as far as anybody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Ended {
        status: Status,
        in_time: bool,
    },
    /// It could not be executed, by this error of the system.
    Refused(i32),
    /// The second process could not start it, by this error of the system.
    Failed(i32),
    /// The second process ended before it started anything.
    NotStarted,
    /// The second process is gone, or does not react, and the command was ended without it.
    Forced,
    /// The command has ended, and the second process does not tell how.
    Untold,
    /// Some of the command's group cannot be ended.
    Immortal,
}

/// How it went.
pub(super) struct End {
    pub(super) outcome: Outcome,
    /// Whether it was said before that the command is being ended, and why.
    pub(super) has_said_why: bool,
    /// Whether our group has the terminal, and the keys to end a program did not reach it.
    pub(super) keys_were_the_commands: bool,
}

impl End {
    pub(super) fn not_started(error: &std::io::Error) -> Self {
        let outcome = Outcome::Failed(error.raw_os_error().unwrap_or(0));
        Self { outcome, has_said_why: false, keys_were_the_commands: false }
    }
}

/// What is known of the command, and who looks after it.
pub(super) struct Watch<'a> {
    guard: &'a Guard,
    signals: &'a mut Signals,
    words: &'a [OsString],
    /// Which lock, in words.
    lock: String,
    second: Second,
    second_is_gone: bool,
    group: Option<Group>,
    /// What came before there was a group to pass it on to.
    early: Vec<Signal>,
    plan: Plan,
    told: Deadlines,
    grace: Duration,
    lost: bool,
    /// Since when the group is gone without a report of it.
    silent_since: Option<Instant>,
    terminal: Option<Terminal>,
    /// Whether a signal reached us that a key may have sent.
    interrupted: bool,
}

impl<'a> Watch<'a> {
    /// Has the command started.
    pub(super) fn start(
        second: Second,
        guard: &'a Guard,
        signals: &'a mut Signals,
        words: &'a [OsString],
        lock: String,
        grace: Duration,
    ) -> std::io::Result<Self> {
        let told = deadlines(guard, grace);
        second.start_command(told, grace)?;
        Ok(Self {
            guard,
            signals,
            words,
            lock,
            second,
            second_is_gone: false,
            group: None,
            early: Vec::new(),
            plan: Plan::new(lagging(told)),
            told,
            grace,
            lost: false,
            silent_since: None,
            terminal: own_group().and_then(Terminal::open),
            interrupted: false,
        })
    }

    /// Waits for the end of the command, and of all in its group.
    pub(super) async fn run(mut self) -> End {
        let guard = self.guard;
        let mut loss = pin!(guard.lost());
        let outcome = loop {
            let rest = self.rest();
            tokio::select! {
                // Reports first: a signal must not go to a group that is known to be gone.
                biased;
                report = self.second.next(), if !self.second_is_gone => {
                    if let Some(outcome) = self.hear(report).await {
                        break outcome;
                    }
                }
                why = &mut loss, if !self.lost => {
                    let now = Boottime::now();
                    if why == Loss::Deadline
                        && let Some(outcome) = self.told_before().await
                    {
                        break outcome;
                    }
                    self.has_lost(&why, now);
                }
                signal = self.signals.next() => self.pass_on(signal),
                () = tokio::time::sleep(rest) => {}
            }
            match self.look() {
                Some(Outcome::Forced) => {
                    break self.told_before().await.unwrap_or(Outcome::Forced);
                }
                Some(outcome) => break outcome,
                None => {}
            }
        };
        self.take_terminal_back();
        self.say_what_is_known_by_now().await;
        self.second.finish();
        let has_terminal = self.terminal.as_ref().is_some_and(Terminal::is_ours);
        End {
            outcome,
            has_said_why: self.lost || self.second_is_gone,
            keys_were_the_commands: has_terminal && !self.interrupted,
        }
    }

    fn rest(&self) -> Duration {
        let now = Boottime::now();
        let rest = self.plan.rest(now);
        let is_late = self.told.term_at.since(now) < LATE;
        match (self.second_is_gone, is_late) {
            (_, true) if !self.lost => rest.min(LATE_GLANCE),
            (true, _) => rest.min(GLANCE),
            _ => rest,
        }
    }

    /// The command's end was heard first, where the loss of the lock came with it.
    async fn say_what_is_known_by_now(&mut self) {
        tokio::select! {
            biased;
            // Past a deadline the second process has seen whether the command outlived it.
            why = self.guard.lost(), if !self.lost => if why != Loss::Deadline {
                self.lost = true;
                say(format!("{} was lost ({})", self.lock, text::paragraph(&why.to_string())));
            },
            () = std::future::ready(()) => {}
        }
    }

    /// Who slept past the deadline has not heard yet how the command ended while the lock was held.
    async fn told_before(&mut self) -> Option<Outcome> {
        if self.second_is_gone {
            return None;
        }
        let mut over = pin!(tokio::time::sleep(EARSHOT));
        loop {
            tokio::select! {
                biased;
                report = self.second.next() => {
                    let outcome = self.hear(report).await;
                    if outcome.is_some() || self.second_is_gone {
                        return outcome;
                    }
                }
                () = &mut over => return None,
            }
        }
    }

    async fn hear(&mut self, report: Option<Report>) -> Option<Outcome> {
        match report {
            Some(Report::Launched(group)) => self.has_launched(Group(group)),
            Some(Report::Terminating) => self.plan.terminated(),
            Some(Report::Stopped(signal)) => self.stop(signal).await,
            Some(Report::Ended { status, in_time }) => {
                return Some(Outcome::Ended { status, in_time });
            }
            Some(Report::Refused(errno)) => return Some(Outcome::Refused(errno)),
            Some(Report::Failed(errno)) => return Some(Outcome::Failed(errno)),
            Some(Report::Immortal) => return Some(Outcome::Immortal),
            None if self.group.is_none() => return Some(Outcome::NotStarted),
            None => self.second_has_gone(),
        }
        None
    }

    fn has_launched(&mut self, group: Group) {
        self.group = Some(group);
        self.early.drain(..).for_each(|signal| group.signal_number(signal as i32));
    }

    fn second_has_gone(&mut self) {
        self.second_is_gone = true;
        let now = Boottime::now();
        self.plan.end(now, now.after(self.grace));
        let command = program::shown(self.words);
        say(format!("the process that guards {command} has ended: {command} is being ended"));
    }

    fn has_lost(&mut self, why: &Loss, now: Boottime) {
        self.lost = true;
        let kill_at = now.after(grace_after(why, self.grace));
        self.plan.end(now.after(LAG), kill_at);
        self.second.send(Order::End { kill_at });
        let command = program::shown(self.words);
        let why = text::paragraph(&why.to_string());
        say(format!("{} was lost ({why}): {command} is being ended", self.lock));
    }

    /// `CONT` comes from the user's shell, which may have put us in the foreground.
    fn pass_on(&mut self, signal: Signal) {
        self.interrupted |= matches!(signal, Signal::SIGINT | Signal::SIGQUIT);
        match self.group {
            None => self.early.push(signal),
            Some(_) if signal == Signal::SIGCONT => self.resume(),
            // Who is stopped must be continued to hear that.
            Some(group) if matches!(signal, Signal::SIGTERM | Signal::SIGHUP) => {
                group.signal_number(signal as i32);
                group.signal_number(Signal::SIGCONT as i32);
            }
            Some(group) => group.signal_number(signal as i32),
        }
    }

    /// The command stopped, so we do, for the user's shell to see. The second process does not.
    async fn stop(&mut self, signal: i32) {
        let is_any = |signals: &[Signal]| signals.iter().any(|s| *s as i32 == signal);
        let for_terminal = is_any(&[Signal::SIGTTIN, Signal::SIGTTOU]);
        // A script or a `make` around us is to stop with us, or the user gets no prompt.
        let stopped = if self.terminal.is_some() && (for_terminal || is_any(&[Signal::SIGTSTP])) {
            self.signals.stop_group().await
        } else {
            self.signals.stop().await
        };
        if let Some(group) = self.group
            && for_terminal
            && !stopped
        {
            // It waits for a terminal that nobody will ever give it: the kernel's own answer.
            group.signal_number(Signal::SIGHUP as i32);
        }
        // What a shell ends its job with comes before the command goes on.
        self.signals.take_put_by().into_iter().for_each(|signal| self.pass_on(signal));
        self.resume();
    }

    fn resume(&self) {
        if self.second_is_gone || !self.second.send(Order::Resume) {
            self.group.iter().for_each(|group| group.signal_number(Signal::SIGCONT as i32));
        }
    }

    /// Does what is due, whatever the second process does.
    fn look(&mut self) -> Option<Outcome> {
        self.tell_deadlines();
        let group = self.group?;
        let now = Boottime::now();
        let due = self.plan.due(now);
        let is_gone = group.is_gone();
        if (self.second_is_gone || due == Some(Step::Kill)) && is_gone {
            return Some(Outcome::Forced);
        }
        match due {
            Some(Step::Terminate) => group.terminate(),
            Some(Step::Kill) => group.kill(),
            None => {}
        }
        if self.plan.is_overdue(now) {
            return Some(Outcome::Immortal);
        }
        self.is_silent(is_gone).then_some(Outcome::Untold)
    }

    /// Whether the second process should have told long ago that the group is gone.
    fn is_silent(&mut self, is_gone: bool) -> bool {
        // By a clock that stands still with the machine, for so does the second process.
        let now = Instant::now();
        self.silent_since = is_gone.then(|| self.silent_since.unwrap_or(now));
        self.silent_since.is_some_and(|since| now.duration_since(since) > SILENCE)
    }

    fn tell_deadlines(&mut self) {
        if !self.guard.is_valid() {
            return;
        }
        let newer = deadlines(self.guard, self.grace);
        self.plan.extend(lagging(newer), Boottime::now());
        // Two readings of the clock differ by a little without any renewal.
        if newer.term_at > self.told.term_at.after(LAG) && self.second.send(Order::Extend(newer)) {
            self.told = newer;
        }
    }

    fn take_terminal_back(&self) {
        if let (Some(terminal), Some(group)) = (&self.terminal, self.group)
            && terminal.take_back(group)
        {
            terminal.restore();
        }
    }
}

fn say(message: String) {
    talk::failure(&Failure::new(Exit::Lost, message));
}

/// What a command has to tidy up in. Who removes a record lets others hold the lock at once;
/// else its end is known beforehand.
fn grace_after(why: &Loss, grace: Duration) -> Duration {
    match why {
        Loss::Deadline | Loss::RenewerEnded => grace,
        _ => grace.min(HASTE),
    }
}

/// The deadlines of the hold as of now.
fn deadlines(guard: &Guard, grace: Duration) -> Deadlines {
    Deadlines::new(Boottime::now().after(guard.valid_for()), grace)
}

/// The same for the first process, which leaves the second one the first word.
fn lagging(deadlines: Deadlines) -> Deadlines {
    Deadlines { term_at: deadlines.term_at.after(LAG), ..deadlines }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_ended_in_haste_where_another_may_hold_the_lock_at_once() {
        let grace = Duration::from_secs(20);
        assert_eq!(grace_after(&Loss::Deadline, grace), grace);
        assert_eq!(grace_after(&Loss::RenewerEnded, grace), grace);
        for why in [Loss::Removed, Loss::ObjectMissing, Loss::ObjectReplaced, Loss::Altered] {
            assert_eq!(grace_after(&why, grace), HASTE, "{why}");
            assert_eq!(grace_after(&why, HASTE / 4), HASTE / 4, "{why}");
        }
    }
}
