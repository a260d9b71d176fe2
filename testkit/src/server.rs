use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::supervisor::Supervisor;
use crate::{Error, progress};

/// How one server is started, and the process, once it was.
pub(crate) struct Server {
    name: &'static str,
    folder: PathBuf,
    log: PathBuf,
    command_line: Vec<String>,
    // Kept after the server's death: someone must remove the folder after ours.
    supervisor: Mutex<Option<Supervisor>>,
}

impl Server {
    pub(crate) fn new(name: &'static str, folder: &Path, command_line: Vec<String>) -> Self {
        let log = folder.join(format!("{name}.log"));
        Self { name, folder: folder.into(), log, command_line, supervisor: Mutex::new(None) }
    }

    /// Starts it, in place of the one before.
    pub(crate) fn start(&self) -> Result<(), Error> {
        let started = Supervisor::spawn(&self.folder, &self.log, &self.command_line)
            .map_err(|error| self.failure(format!("was not started ({error})")))?;
        if let Some(earlier) = self.supervisor().replace(started) {
            earlier.dismiss();
        }
        Ok(())
    }

    /// SIGKILL, and returns once the process is gone.
    pub(crate) fn kill(&self) -> Result<(), Error> {
        self.signal(Signal::KILL)?;
        while !self.has_ended() {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Error> {
        let sent = match &*self.supervisor() {
            Some(supervisor) => supervisor.signal(signal),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        sent.map_err(|error| self.failure(format!("took no signal ({error})")))
    }

    pub(crate) fn pid(&self) -> Option<Pid> {
        self.supervisor().as_ref().map(Supervisor::server)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.supervisor().as_ref().is_none_or(Supervisor::has_ended)
    }

    /// Asks until the answer is yes, the server has ended or the time is up.
    pub(crate) fn wait_until(
        &self,
        limit: Duration,
        mut is_ready: impl FnMut() -> bool,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + limit;
        while !is_ready() {
            if self.has_ended() {
                return Err(self.failure("has ended".into()));
            }
            if Instant::now() > deadline {
                return Err(self.failure(format!("was not ready within {} s", limit.as_secs())));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn failure(&self, reason: String) -> Error {
        Error::Server { server: self.name, reason, log_tail: progress::tail(&self.log) }
    }

    fn supervisor(&self) -> MutexGuard<'_, Option<Supervisor>> {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
