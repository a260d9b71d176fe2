use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, kill_process};

/// Waits on a pipe that only we hold. Whatever way we end, the kernel closes it:
/// the server dies and its folder goes. A line on the pipe leaves the folder.
///
/// Descriptor 4 of the server is our end of another pipe, so that its death is
/// seen at once. The signals are for those who stop the terminal's programs, and
/// SIGHUP is what the kernel sends to a group that has a stopped server in it and
/// nobody left.
const SCRIPT: &str = r#"
folder=$1 log=$2
shift 2
trap '' HUP INT QUIT TERM
exec "$@" 4>&1 >>"$log" 2>&1 </dev/null &
server=$!
echo "$server"
exec >/dev/null
read -r word
gone=$?
kill -9 "$server"
wait "$server"
[ "$gone" -eq 0 ] || rm -rf "$folder"
"#;

/// One server process, which dies with us.
pub(crate) struct Supervisor {
    shell: Child,
    pipe: Option<ChildStdin>,
    server: Pid,
    life: JoinHandle<()>,
}

impl Supervisor {
    /// Starts the program with its output in `log`, in a process group of its own.
    pub(crate) fn spawn(folder: &Path, log: &Path, program: &[String]) -> io::Result<Self> {
        let mut shell = shell(folder)
            .args(["-c", SCRIPT, "testkit-supervisor"])
            .args([folder, log])
            .args(program)
            .spawn()?;
        let pipe = shell.stdin.take();
        let mut answers = BufReader::new(shell.stdout.take().ok_or_else(no_pid)?);
        let server = first_pid(&mut answers)?;
        let life = thread::spawn(move || drop(answers.read_to_end(&mut Vec::new())));
        Ok(Self { shell, pipe, server, life })
    }

    pub(crate) fn server(&self) -> Pid {
        self.server
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.life.is_finished()
    }

    /// Sends the signal to the server alone; one that has ended gets none.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.has_ended() {
            return Ok(());
        }
        Ok(kill_process(self.server, signal)?)
    }

    /// Ends the server, if it still runs, and leaves the folder.
    pub(crate) fn dismiss(mut self) {
        if let Some(pipe) = &mut self.pipe {
            // A supervisor that is gone already has nothing to be told.
            drop(pipe.write_all(b"leave the folder\n"));
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.pipe = None;
        drop(self.shell.wait());
    }
}

/// Without the caller's environment: etcd takes settings from there, the API
/// server a proxy.
fn shell(folder: &Path) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    shell.current_dir(folder).process_group(0);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    shell
}

fn first_pid(answers: &mut BufReader<ChildStdout>) -> io::Result<Pid> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    line.trim().parse().ok().and_then(Pid::from_raw).ok_or_else(no_pid)
}

fn no_pid() -> io::Error {
    io::Error::other("/bin/sh did not tell the server's process id")
}
