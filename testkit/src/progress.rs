use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What takes less is not worth a word.
const SILENT: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// Says a line on stderr, past the test harness, which would keep it to itself.
pub(crate) fn say(line: &str) {
    // Nobody is left to tell when stderr is closed.
    drop(writeln!(io::stderr(), "testkit: {line}"));
}

/// Runs a long command into a log file, and says now and then that it still runs.
pub(crate) fn run(command: &mut Command, what: &str, log: &Path) -> io::Result<ExitStatus> {
    let file = File::create(log)?;
    let mut child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
    let started = Instant::now();
    let mut next = SILENT;
    loop {
        if let Some(status) = child.try_wait()? {
            close(what, started.elapsed(), status);
            return Ok(status);
        }
        if started.elapsed() >= next {
            say(&format!("{what}: {}", so_far(next, log)));
            next = started.elapsed().max(SILENT) + EVERY;
        }
        thread::sleep(POLL);
    }
}

fn close(what: &str, took: Duration, status: ExitStatus) {
    if took >= SILENT {
        let how = if status.success() { "done" } else { "failed" };
        say(&format!("{what}: {how} after {:.1} s", took.as_secs_f32()));
    }
}

fn so_far(elapsed: Duration, log: &Path) -> String {
    if elapsed <= SILENT {
        return "started".into();
    }
    let lines = File::open(log).map_or(0, |file| BufReader::new(file).lines().count());
    format!("{} s, {lines} lines of its log so far", elapsed.as_secs())
}

/// The last lines of a log, for an error's text.
pub(crate) fn tail(log: &Path) -> String {
    const LINES: usize = 15;
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
