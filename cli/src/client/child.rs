//! A process that runs for a bounded time.

use std::io::Read;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Nothing that is asked for here is longer.
const OUTPUT_MAX: u64 = 1024 * 1024;
/// The first look after its last output; further ones come more seldom.
const LOOK_MIN: Duration = Duration::from_millis(1);
const LOOK_MAX: Duration = Duration::from_millis(50);

/// Why there is no output.
#[derive(Debug)]
pub(super) enum NoOutput {
    NotStarted(std::io::Error),
    Lost(std::io::Error),
    Failed(ExitStatus),
    TooSlow,
}

/// The process, and whether it leads a group of its own, or is about to.
struct Running {
    child: Child,
    alone: bool,
    deadline: Instant,
}

/// The groups of those that run alone, to be killed should this program end before they do.
static ALONE: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Runs a command to its end; it is killed when that takes too long.
///
/// Alone means that the command sees to a process group of its own (see [`super::unblocked`]): its
/// children are killed with it then, and it with this program.
pub(super) fn output(
    command: &mut Command,
    limit: Duration,
    alone: bool,
) -> Result<Vec<u8>, NoOutput> {
    let deadline = Instant::now() + limit;
    let child = start(command.stdout(Stdio::piped()), alone).map_err(NoOutput::NotStarted)?;
    let group = alone.then_some(child.id());
    let mut running = Running { child, alone, deadline };
    let result = running.output();
    if matches!(result, Err(NoOutput::TooSlow | NoOutput::Lost(_))) {
        running.kill();
    }
    alone_now().retain(|other| Some(*other) != group);
    result
}

/// Whoever kills those that run alone waits until this one is among them.
fn start(command: &mut Command, alone: bool) -> std::io::Result<Child> {
    let mut others = alone.then(alone_now);
    let child = command.spawn()?;
    if let Some(others) = &mut others {
        others.push(child.id());
    }
    Ok(child)
}

/// Kills those that run alone: nobody will take what they bring.
pub(crate) fn kill_alone() {
    for group in alone_now().drain(..) {
        kill_group(group);
    }
}

fn alone_now() -> MutexGuard<'static, Vec<u32>> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn kill_group(group: u32) {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // It may have ended by itself, or may not lead its group yet.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = kill_process(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill_group(_group: u32) {}

impl Running {
    fn output(&mut self) -> Result<Vec<u8>, NoOutput> {
        let printed = match self.child.stdout.take() {
            Some(stdout) => self.read(stdout)?,
            None => Vec::new(),
        };
        let status = self.status()?;
        if status.success() { Ok(printed) } else { Err(NoOutput::Failed(status)) }
    }

    fn read(&self, stdout: ChildStdout) -> Result<Vec<u8>, NoOutput> {
        let printed = read_aside(stdout).map_err(NoOutput::Lost)?;
        let left = self.deadline.saturating_duration_since(Instant::now());
        printed.recv_timeout(left).map_err(|_| NoOutput::TooSlow)?.map_err(NoOutput::Lost)
    }

    /// It may close its stdout long before it ends.
    fn status(&mut self) -> Result<ExitStatus, NoOutput> {
        let mut pause = LOOK_MIN;
        loop {
            if let Some(status) = self.child.try_wait().map_err(NoOutput::Lost)? {
                return Ok(status);
            }
            if Instant::now() >= self.deadline {
                return Err(NoOutput::TooSlow);
            }
            std::thread::sleep(pause);
            pause = LOOK_MAX.min(pause * 2);
        }
    }

    fn kill(&mut self) {
        if self.alone {
            kill_group(self.child.id());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// On a thread of its own: whoever inherited the pipe may keep it open for ever.
fn read_aside(stdout: ChildStdout) -> std::io::Result<Receiver<std::io::Result<Vec<u8>>>> {
    let (tell, told) = channel();
    std::thread::Builder::new().spawn(move || {
        let mut printed = Vec::new();
        let read = stdout.take(OUTPUT_MAX).read_to_end(&mut printed);
        let _ = tell.send(read.map(|_| printed));
    })?;
    Ok(told)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null());
        command
    }

    #[test]
    fn what_a_process_prints_counts_if_it_succeeds() {
        assert_eq!(output(&mut sh("printf hello"), LONG, true).unwrap(), b"hello");
        let failed = output(&mut sh("printf hello; exit 3"), LONG, true);
        assert!(matches!(failed, Err(NoOutput::Failed(status)) if status.code() == Some(3)));
        let absent = output(&mut Command::new("/nonexistent/program"), LONG, true);
        assert!(matches!(absent, Err(NoOutput::NotStarted(_))));
    }

    #[test]
    fn a_process_that_hangs_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pids");
        let script = format!("sleep 1000 & echo $! >{}; wait", pids.display());
        let start = Instant::now();

        let mut alone = sh(&script);
        std::os::unix::process::CommandExt::process_group(&mut alone, 0);
        let hung = output(&mut alone, Duration::from_millis(500), true);

        assert!(matches!(hung, Err(NoOutput::TooSlow)) && start.elapsed() < LONG);
        let child: i32 = std::fs::read_to_string(pids).unwrap().trim().parse().unwrap();
        let child = rustix::process::Pid::from_raw(child).unwrap();
        while rustix::process::test_kill_process(child).is_ok() && !is_zombie(child) {
            assert!(start.elapsed() < LONG, "the child lives on");
            std::thread::yield_now();
        }
    }

    /// Dead, and nobody has asked how it ended.
    fn is_zombie(pid: rustix::process::Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        stat.is_ok_and(|stat| stat.contains(") Z "))
    }

    #[test]
    fn a_process_that_closes_its_stdout_and_stays_is_killed_too() {
        let hung = output(&mut sh("exec >&-; exec sleep 1000"), Duration::from_millis(200), false);
        assert!(matches!(hung, Err(NoOutput::TooSlow)));
    }
}
