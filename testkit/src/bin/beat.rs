//! A command under a lock: it beats, and some kinds of it are hard to end.

use std::env;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};
use testkit::beat::{Beat, Mode, PERIOD, now_nanos};

/// Nobody may be left to end it.
const LIFE: Duration = Duration::from_secs(30);

#[expect(clippy::print_stderr, reason = "the caller reads it")]
fn main() -> ExitCode {
    match live(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("beat: {error}");
            ExitCode::FAILURE
        }
    }
}

fn live(words: &[String]) -> Result<(), Box<dyn Error>> {
    let [log, end, who, mode] = words else { return Err("usage: beat LOG END WHO MODE".into()) };
    match Mode::from_word(mode).ok_or("no such mode")? {
        Mode::Plain => beat(Path::new(log), Path::new(end), who),
        Mode::Deaf => {
            // There is one thread.
            SigSet::from(Signal::SIGTERM).thread_block()?;
            beat(Path::new(log), Path::new(end), who)
        }
        Mode::Parent => {
            child(log, end, who).status()?;
            Ok(())
        }
        Mode::Leaver => {
            child(log, end, who).spawn()?;
            Ok(())
        }
    }
}

fn child(log: &str, end: &str, who: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.args([log, end, who, Mode::Deaf.word()]);
    command
}

fn beat(log: &Path, end: &Path, who: &str) -> Result<(), Box<dyn Error>> {
    let token = env::var("KUBELOCK_TOKEN")?.parse()?;
    let mut log = OpenOptions::new().append(true).open(log)?;
    let started = Instant::now();
    while !end.exists() && started.elapsed() < LIFE {
        let beat =
            Beat { at_nanos: now_nanos(), token, who: who.to_owned(), pid: std::process::id() };
        log.write_all(beat.to_string().as_bytes())?;
        thread::sleep(PERIOD);
    }
    Ok(())
}
