use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::Error;
use crate::progress;

/// The same for all that we build, so that they share what the go tool caches.
///
/// Without debug information a build takes about a tenth less CPU time; with rare
/// garbage collection ([`bare_go`]) some percent less again.
const FLAGS: [&str; 3] = ["-mod=readonly", "-buildvcs=false", "-gcflags=all=-dwarf=false"];

/// `go VERB` with our flags, in the module's own folder.
pub(crate) fn go(verb: &str, module: &Path, ldflags: &str) -> Command {
    let mut command = bare_go(module);
    command.arg(verb).args(FLAGS).arg("-ldflags").arg(ldflags);
    command
}

/// `go` for this machine, in the module's own folder, whatever the caller's workspace is.
pub(crate) fn bare_go(module: &Path) -> Command {
    let mut command = Command::new("go");
    command.current_dir(module).env("CGO_ENABLED", "0").env("GOGC", "400").env("GOWORK", "off");
    command.env_remove("GOOS").env_remove("GOARCH");
    command
}

/// All that decides what is built, apart from the sources.
pub(crate) fn flags(ldflags: &str) -> String {
    format!("{} -ldflags {ldflags}", FLAGS.join(" "))
}

/// Runs it to its end, with a line of progress when it takes long.
pub(crate) fn run(command: &mut Command, what: &str, log: &Path) -> Result<(), Error> {
    let failed =
        |reason: String| Error::Go { what: what.into(), reason, log_tail: progress::tail(log) };
    match progress::run(command, what, log) {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(status.to_string())),
        Err(error) => Err(failed(why_not_started(command.get_program(), &error))),
    }
}

/// What a short command prints on stdout.
pub(crate) fn answer(command: &mut Command, what: &str) -> Result<String, Error> {
    let failed = |reason, stderr: &[u8]| Error::Go {
        what: what.into(),
        reason,
        log_tail: String::from_utf8_lossy(stderr).into_owned(),
    };
    match command.output() {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(output) => Err(failed(output.status.to_string(), &output.stderr)),
        Err(error) => Err(failed(why_not_started(command.get_program(), &error), &[])),
    }
}

fn why_not_started(program: &OsStr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("the tool {} is not in PATH", program.display()),
        _ => error.to_string(),
    }
}
