//! Which signals reach us, and how.
//!
//! None of them gets a handler: what was ignored when we were started stays so, for the command
//! too (`nohup`, background jobs of scripts).

use std::collections::VecDeque;
use std::io;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal, kill, raise};
use nix::unistd::Pid;
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::signal::unix::SignalKind;
use tokio::sync::mpsc;

/// What is passed on to the command. `TSTP` and `CONT` come from the user's shell and terminal.
const PASSED_ON: [Signal; 9] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGWINCH,
    Signal::SIGTSTP,
    Signal::SIGCONT,
];

/// What the processor raises: blocking it would hide a crash.
const FAULTS: [Signal; 7] = [
    Signal::SIGILL,
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGTRAP,
    Signal::SIGABRT,
    Signal::SIGSYS,
];

/// More than anybody types while one is being passed on; what is beyond is dropped.
const QUEUE: usize = 16;

/// As `kill(2)` has it.
const OWN_GROUP: Pid = Pid::from_raw(0);

/// A stop ends with `CONT`, which is here at once then.
const CONTINUED: Duration = Duration::from_millis(100);

/// The signals that reach this process from now on.
pub(in crate::commands) struct Signals {
    received: mpsc::Receiver<Signal>,
    /// What came while we looked for something else.
    put_by: VecDeque<Signal>,
}

impl Signals {
    /// Takes the signals over for good. Threads that exist already must not be around.
    pub(in crate::commands) fn take_over() -> io::Result<Self> {
        let ignored = ignored();
        let heard = PASSED_ON.into_iter().filter(|signal| !is_in(*signal, ignored));
        let set: SigSet = heard.collect();
        set.thread_block()?;
        SigSet::from(Signal::SIGTTOU).thread_block()?;
        see_children_end()?;
        let (sender, received) = mpsc::channel(QUEUE);
        thread::Builder::new().spawn(move || {
            while let Ok(signal) = set.wait() {
                let _ = sender.try_send(signal);
            }
        })?;
        Ok(Self { received, put_by: VecDeque::new() })
    }

    /// This thread is interrupted by them again.
    #[expect(clippy::unused_self, reason = "who has them gives them back")]
    pub(in crate::commands) fn let_go(&self) -> nix::Result<()> {
        unblock_all()
    }

    /// The next signal.
    ///
    /// # Cancel safety
    /// No signal is lost.
    pub(in crate::commands) async fn next(&mut self) -> Signal {
        match self.put_by.pop_front() {
            Some(signal) => signal,
            None => self.fresh().await,
        }
    }

    /// What came while the process was stopped.
    pub(super) fn take_put_by(&mut self) -> VecDeque<Signal> {
        std::mem::take(&mut self.put_by)
    }

    /// Forgets what has come until now.
    pub(in crate::commands) fn forget(&mut self) {
        self.put_by.clear();
        while self.received.try_recv().is_ok() {}
    }

    /// The same for all of our group, as the kernel does for the keys of the terminal.
    pub(super) async fn stop_group(&mut self) -> bool {
        if kill(OWN_GROUP, Signal::SIGTSTP).is_ok() {
            self.swallow(Signal::SIGTSTP).await;
        }
        self.stop().await
    }

    /// Our own copy of what our group got.
    async fn swallow(&mut self, copy: Signal) {
        let come = async {
            loop {
                match self.fresh().await {
                    signal if signal == copy => return,
                    signal => self.put_by(signal),
                }
            }
        };
        // There is none where it is ignored.
        let _ = tokio::time::timeout(CONTINUED, come).await;
    }

    async fn fresh(&mut self) -> Signal {
        match self.received.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }

    /// Stops this process as Ctrl-Z does, until it is continued.
    ///
    /// Says whether it stopped: the kernel stops no orphans, since nobody would continue them.
    pub(in crate::commands) async fn stop(&mut self) -> bool {
        let stop = SigSet::from(Signal::SIGTSTP);
        while let Ok(signal) = self.received.try_recv() {
            self.put_by(signal);
        }
        // The other threads have it blocked: this alone gets it, and all threads stop.
        let _ = raise(Signal::SIGTSTP).and_then(|()| stop.thread_unblock());
        let _ = stop.thread_block();
        tokio::time::timeout(CONTINUED, self.continued()).await.is_ok()
    }

    /// A shell may end a stopped job: then that signal comes with the one that continues it.
    async fn continued(&mut self) {
        loop {
            match self.fresh().await {
                Signal::SIGCONT => return,
                signal => self.put_by(signal),
            }
        }
    }

    /// One that continues us is over once we run.
    fn put_by(&mut self, signal: Signal) {
        if signal != Signal::SIGCONT {
            self.put_by.push_back(signal);
        }
    }
}

/// Where a caller ignores the end of children, nobody learns their status, and neither would the
/// warden. What is caught here is not ignored there.
fn see_children_end() -> io::Result<()> {
    tokio::signal::unix::signal(SignalKind::child()).map(drop)
}

/// What ends a program that waits, unless somebody saw to it that it does not.
pub(in crate::commands) fn ends(signal: Signal) -> bool {
    !matches!(signal, Signal::SIGWINCH | Signal::SIGTSTP | Signal::SIGCONT)
}

/// Ends this process as the command was ended, with our group if its keys were the command's: a
/// shell or a `make` around it must learn that somebody wants it all to end. Returns where the
/// signal is ignored.
pub(in crate::commands) fn die_of(signal: Signal, with_group: bool) {
    // The command's own core, if any, is the one that tells something.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    if with_group {
        let _ = kill(OWN_GROUP, signal);
    }
    let _ = raise(signal).and_then(|()| SigSet::from(signal).thread_unblock());
}

/// Makes this process deaf to all that can be refused.
pub(super) fn block_all() -> nix::Result<()> {
    let mut set = SigSet::all();
    for fault in FAULTS {
        set.remove(fault);
    }
    set.thread_block()
}

/// What a program expects that is started.
pub(in crate::commands) fn unblock_all() -> nix::Result<()> {
    SigSet::empty().thread_set_mask()
}

fn is_in(signal: Signal, mask: u64) -> bool {
    mask >> (signal as u32 - 1) & 1 == 1
}

/// The signals that this process was started to ignore, a bit each.
#[cfg(target_os = "linux")]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Elsewhere the kernel drops an ignored signal even where it is blocked.
#[cfg(not(target_os = "linux"))]
fn ignored() -> u64 {
    0
}
