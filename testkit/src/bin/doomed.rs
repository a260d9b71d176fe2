//! A process that dies as its caller wishes: what it leaves behind is looked at then.

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{self, ExitCode};
use std::thread;

use testkit::shared_build::build_once;
use testkit::{ControlPlane, report};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["control-plane"] => with_control_plane(),
        ["build", folder] => build_into(Path::new(folder)),
        _ => Err("usage: doomed control-plane | doomed build FOLDER".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&report(&*error)),
    }
}

#[expect(clippy::print_stderr, reason = "the caller reads it")]
fn fail(report: &str) -> ExitCode {
    eprintln!("{report}");
    ExitCode::FAILURE
}

/// Tells the process ids and the folder, and panics if it is told to.
#[expect(clippy::panic, reason = "what a panic leaves behind is the question")]
fn with_control_plane() -> Result<(), Box<dyn Error>> {
    end_at_interrupt()?;
    let control_plane = ControlPlane::start()?;
    for pid in control_plane.pids() {
        tell(&pid.to_string());
    }
    tell(&control_plane.folder().display().to_string());
    match listen()?.as_str() {
        "panic" => panic!("as told"),
        _ => Ok(()),
    }
}

/// An interrupt ends a process unless it was started to ignore it, as background jobs of a
/// shell are, and all that they start. Here it ends it always, with nothing tidied up.
fn end_at_interrupt() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut interrupts = {
        let _entered = runtime.enter();
        signal(SignalKind::interrupt())?
    };
    thread::spawn(move || {
        runtime.block_on(interrupts.recv());
        process::exit(130);
    });
    Ok(())
}

/// Builds, for as long as its caller wishes, what only one process should build.
fn build_into(folder: &Path) -> Result<(), Box<dyn Error>> {
    let built = build_once(folder, "built", |partial| {
        tell("building");
        let product = listen().unwrap_or_default();
        drop(fs::write(partial.join("product"), product));
        Ok(())
    })?;
    tell(&fs::read_to_string(built.join("product"))?);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the caller reads it")]
fn tell(line: &str) {
    println!("{line}");
}

fn listen() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
