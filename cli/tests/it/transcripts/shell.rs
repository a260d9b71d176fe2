//! A shell in which one command after the other is typed.

use std::fs;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::said::Said;

/// What may pass until a command that runs beside says something that is shown, or ends.
const ENDING: Duration = Duration::from_secs(10);

/// Commands come on stdin, each with a zero byte behind it, and don't see it. `$?` is that of the
/// command before. What marks the end of a command no command prints.
const READ_AND_DO: &str = r#"
while IFS= read -r -d '' _typed; do
    (exit "${_status:-0}")
    eval "$_typed" </dev/null
    _status=$?
    printf '\036%d\036' "$_status"
done"#;
const MARK: char = '\u{1e}';

/// One bash with a home, what it runs beside, and their end.
pub(crate) struct Shell {
    bash: Child,
    typed: ChildStdin,
    said: Said,
    beside: Vec<Beside>,
    folder: TempDir,
    kubeconfig: PathBuf,
}

/// A command that ends later.
struct Beside {
    pid: String,
    said: Said,
    /// That is when it is killed, and what it says before is told at once.
    is_killed: bool,
}

impl Shell {
    pub(crate) fn new(kubeconfig: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        link_programs(&folder.path().join("bin"), kubeconfig);
        fs::create_dir(folder.path().join("home")).unwrap();
        let (said, stdout) = std::io::pipe().unwrap();
        // One pipe keeps answers and errors in their order.
        let stderr = stdout.try_clone().unwrap();
        let mut bash = bash(folder.path(), kubeconfig);
        bash.stdin(Stdio::piped()).stdout(stdout).stderr(stderr).process_group(0);
        let mut child = bash.spawn().unwrap();
        let typed = child.stdin.take().unwrap();
        let said = Said::read(|| OwnedFd::from(said).into());
        let kubeconfig = kubeconfig.to_owned();
        Self { bash: child, typed, said, beside: Vec::new(), folder, kubeconfig }
    }

    /// Types a command, and gives what is printed until it ends, with its status.
    pub(crate) fn run(&mut self, command: &str) -> (String, i32) {
        write!(self.typed, "{command}\0").unwrap();
        self.end_of(command)
    }

    fn end_of(&mut self, command: &str) -> (String, i32) {
        let is_mark = |byte: &u8| char::from(*byte) == MARK;
        self.said.wait(|bytes| bytes.split(is_mark).count() == 3);
        let said = self.said.take();
        let parts: Vec<&str> = said.split(MARK).collect();
        assert_eq!(parts.len(), 3, "no end of `{command}`, or of the shell:\n{said}");
        let [printed, status, later] = [parts[0], parts[1], parts[2]];
        let status = status.parse().unwrap();
        (self.as_shown(&format!("{printed}{later}")), status)
    }

    /// The same on a terminal, where a question is answered.
    pub(crate) fn run_on_terminal(&mut self, command: &str, answer: &str) -> (String, i32) {
        let (mut keyboard, terminal) = testkit::pty::open().unwrap();
        let screen = keyboard.try_clone().unwrap();
        let mut screen = Said::read(|| screen);
        let path = rustix::termios::ttyname(&terminal, Vec::new()).unwrap();
        let path = path.into_string().unwrap();
        write!(self.typed, "{{ {command}\n}} <'{path}' >'{path}' 2>&1\0").unwrap();
        screen.wait(asks);
        keyboard.write_all(format!("{answer}\n").as_bytes()).unwrap();
        let (_, status) = self.end_of(command);
        drop(terminal);
        screen.wait(|_| false);
        (self.as_shown(&screen.take().replace('\r', "")), status)
    }

    /// Types a command that ends with `&`, and gives so many lines of what it prints.
    pub(crate) fn start(&mut self, command: &str, lines: usize, is_killed: bool) -> String {
        let pipe = self.folder.path().join(format!("beside-{}", self.beside.len()));
        fs::remove_file(&pipe).ok();
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let path = pipe.clone();
        let mut said = Said::read(move || fs::File::open(path).unwrap());
        self.run(&into(&pipe, command));
        let (pid, _) = self.run("echo $!");
        let first = said.take_lines(lines);
        self.beside.push(Beside { pid: pid.trim().to_owned(), said, is_killed });
        self.as_shown(&first)
    }

    /// Types a command that ends with `&`, of which nobody wants to know.
    pub(crate) fn start_silently(&mut self, command: &str) {
        self.run(&into(Path::new("/dev/null"), command));
    }

    /// Waits until one of those that run beside ends, or says something before it is killed.
    pub(crate) fn next_words(&mut self) -> Option<String> {
        let give_up = Instant::now() + ENDING;
        while !self.beside.is_empty() && Instant::now() < give_up {
            for at in 0..self.beside.len() {
                if let Some(words) = self.words_of(at) {
                    return Some(self.as_shown(&words));
                }
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }

    fn words_of(&mut self, at: usize) -> Option<String> {
        let beside = &mut self.beside[at];
        if beside.said.has_ended() {
            let mut ended = self.beside.remove(at);
            let (_, status) = self.run(&format!("wait {}", ended.pid));
            return Some(with_status(&ended.said.take(), status));
        }
        let words = if beside.is_killed { beside.said.take() } else { String::new() };
        Some(words).filter(|words| !words.is_empty())
    }

    /// Whether anything runs beside still.
    pub(crate) fn is_busy(&self) -> bool {
        !self.beside.is_empty()
    }

    /// Goes on as this user.
    pub(crate) fn become_user(&mut self, user: &str) {
        let mut kubeconfig = kube::config::Kubeconfig::read_from(&self.kubeconfig).unwrap();
        for user_of in kubeconfig.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut())
        {
            user_of.impersonate = Some(user.to_owned());
        }
        let path = self.folder.path().join(format!("{user}.kubeconfig"));
        // JSON is YAML too.
        fs::write(&path, serde_json::to_string(&kubeconfig).unwrap()).unwrap();
        self.run(&format!("export KUBECONFIG='{}'", path.display()));
    }

    /// With the names that pages show.
    fn as_shown(&self, said: &str) -> String {
        let home = self.folder.path().join("home");
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        said.replace(&home.display().to_string(), "/home/alice")
            .replace(&format!("@{host}"), "@runner")
            .replace(&format!(" {host}, pid"), " runner, pid")
    }
}

/// Questions leave the cursor behind them.
fn asks(screen: &[u8]) -> bool {
    let line = screen.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    line.contains(&b'?') && line.ends_with(b" ")
}

/// A job's output goes elsewhere, whatever it consists of, and it stays a job of the shell.
fn into(file: &Path, command: &str) -> String {
    format!("exec 8>&1 9>&2 >'{}' 2>&1\n{command}\nexec >&8 2>&9 8>&- 9>&-", file.display())
}

/// What a person sees of an end.
pub(crate) fn with_status(printed: &str, status: i32) -> String {
    let line_ends = printed.is_empty() || printed.ends_with('\n');
    match status {
        0 => printed.to_owned(),
        _ if line_ends => format!("{printed}(exit status {status})\n"),
        _ => format!("{printed}\n(exit status {status})\n"),
    }
}

fn bash(folder: &Path, kubeconfig: &Path) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let home = folder.join("home");
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-c", READ_AND_DO]).current_dir(&home).env_clear();
    bash.env("PATH", format!("{}:{path}", folder.join("bin").display()));
    bash.env("HOME", &home)
        .env("USER", "alice")
        .env("LANG", "C.UTF-8")
        .env("KUBERC", "off")
        .env("NO_COLOR", "1");
    bash.env("KUBECONFIG", kubeconfig);
    // Profilers and the like need these to do their work.
    bash.envs(std::env::vars_os().filter(|(name, _)| name == "LLVM_PROFILE_FILE"));
    bash
}

fn link_programs(folder: &Path, kubeconfig: &Path) {
    fs::create_dir(folder).unwrap();
    let kubectl = testkit::kubectl(kubeconfig).get_program().to_owned();
    symlink(kubectl, folder.join("kubectl")).unwrap();
    for name in ["kubelock", "kubectl-kubelock", "kubectl_complete-kubelock"] {
        symlink(env!("CARGO_BIN_EXE_kubelock"), folder.join(name)).unwrap();
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.bash);
        kill_process_group(group, Signal::TERM).ok();
        self.bash.wait().ok();
    }
}
