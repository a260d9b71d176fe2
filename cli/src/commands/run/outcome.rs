//! What the exit status of `kubelock run` says.

use std::ffi::OsStr;
use std::io;

use kubelock::Timestamp;
use nix::sys::signal::Signal;

use super::message::Status;
use super::program;
use super::watch::Outcome;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{age, text};

/// How a run ended: with the command's own status, or with a failure of ours.
pub(super) fn exit(
    outcome: Outcome,
    has_said_why: bool,
    lock: &str,
    program: &OsStr,
) -> Result<Exit, Failure> {
    match outcome {
        Outcome::Ended { status, in_time: true } if !has_said_why => {
            Ok(Exit::Command(status.code()))
        }
        Outcome::Ended { .. } | Outcome::Forced | Outcome::Untold if has_said_why => Ok(Exit::Lost),
        Outcome::Ended { .. } | Outcome::Forced => Err(unguarded(lock)),
        Outcome::Untold => Err(untold(program)),
        Outcome::Immortal => Err(immortal()),
        Outcome::Refused(errno) => {
            Err(program::refused(program, &io::Error::from_raw_os_error(errno)))
        }
        Outcome::Failed(errno) => {
            let error = io::Error::from_raw_os_error(errno);
            Err(Failure::new(Exit::NotRun, format!("cannot start a process: {error}")))
        }
        Outcome::NotStarted => Err(not_started()),
    }
}

/// The signal of a key that ended the command.
pub(super) fn key(outcome: Outcome) -> Option<Signal> {
    let Outcome::Ended { status: Status::Killed(signal), .. } = outcome else { return None };
    [Signal::SIGINT, Signal::SIGQUIT].into_iter().find(|key| *key as i32 == signal)
}

/// Nobody was there to say so when it happened.
fn unguarded(lock: &str) -> Failure {
    Failure::new(Exit::Lost, format!("{lock} was not renewed in time, and the command was ended"))
}

fn untold(program: &OsStr) -> Failure {
    let program = text::line(&program.to_string_lossy());
    let message = format!(
        "{program} has ended, and it is unknown how: the process that guards it does not answer"
    );
    Failure::new(Exit::Lost, message)
}

/// Nothing can be done for the lock either: it ends with its ttl, for whoever lives on.
pub(super) fn immortal() -> Failure {
    let message = "some of what the command started cannot be ended: it belongs to another user, or is stuck in the kernel";
    Failure::new(Exit::Lost, message).hint("the lock is not given back: it ends with its ttl")
}

/// Somebody did not want to wait for it.
pub(super) fn not_released(lock: &str, expires_at: Timestamp) -> Failure {
    let until = age::second(expires_at);
    let message = format!("{lock} may not have been given back: its record stands until {until}");
    Failure::new(Exit::Lost, message)
}

fn not_started() -> Failure {
    let message = "the process that was to start the command has ended";
    Failure::new(Exit::NotRun, message)
}

/// Everything that fails before the command runs has one status; what it says stays.
pub(super) fn before_the_command(mut failure: Failure, conflict: u8) -> Failure {
    failure.exit = match failure.exit {
        Exit::HeldAlready | Exit::HeldByOther => Exit::Conflict(conflict),
        Exit::Done | Exit::Failed | Exit::Usage | Exit::NotHeld | Exit::Unknown => Exit::NotRun,
        exit => exit,
    };
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(outcome: Outcome, lost: bool) -> u8 {
        let exit = exit(outcome, lost, "lock \"deploy\"", OsStr::new("make"));
        exit.unwrap_or_else(|failure| failure.exit).code()
    }

    fn ended(status: Status, in_time: bool) -> Outcome {
        Outcome::Ended { status, in_time }
    }

    #[test]
    fn the_commands_own_status_is_passed_on() {
        assert_eq!(code(ended(Status::Exited(0), true), false), 0);
        assert_eq!(code(ended(Status::Exited(124), true), false), 124);
        assert_eq!(code(ended(Status::Killed(15), true), false), 143);
    }

    #[test]
    fn a_command_that_outlived_the_hold_never_looks_successful() {
        assert_eq!(code(ended(Status::Exited(0), true), true), 123);
        assert_eq!(code(ended(Status::Exited(0), false), false), 123);
        assert_eq!(code(ended(Status::Killed(15), false), true), 123);
        assert_eq!(code(Outcome::Forced, false), 123);
    }

    #[test]
    fn a_command_whose_end_nobody_saw_never_looks_successful() {
        for has_said_why in [false, true] {
            assert_eq!(code(Outcome::Untold, has_said_why), 123);
            assert_eq!(code(Outcome::Immortal, has_said_why), 123);
        }
    }

    #[test]
    fn only_what_keys_send_ends_this_program_too() {
        assert_eq!(key(ended(Status::Killed(2), true)), Some(Signal::SIGINT));
        assert_eq!(key(ended(Status::Killed(3), true)), Some(Signal::SIGQUIT));
        assert_eq!(key(ended(Status::Killed(15), true)), None);
        assert_eq!(key(ended(Status::Exited(130), true)), None);
        assert_eq!(key(Outcome::Forced), None);
    }

    #[test]
    fn what_kept_the_command_from_starting_is_told_apart() {
        assert_eq!(code(Outcome::Refused(2), false), 127);
        assert_eq!(code(Outcome::Refused(13), false), 126);
        assert_eq!(code(Outcome::Failed(11), false), 125);
        assert_eq!(code(Outcome::NotStarted, false), 125);
    }

    #[test]
    fn what_ended_a_run_is_told_in_words() {
        let (lock, program) = ("lock \"deploy\" on lease/deploy", OsStr::new("./migrate\u{1b}[2J"));
        let ends = [
            (ended(Status::Exited(0), false), "unguarded"),
            (Outcome::Untold, "untold"),
            (Outcome::Immortal, "immortal"),
            (Outcome::Refused(2), "absent"),
            (Outcome::Refused(13), "not executable"),
            (Outcome::NotStarted, "not started"),
        ];
        let words = ends.map(|(outcome, name)| {
            let failure = exit(outcome, false, lock, program).unwrap_err();
            let hints = failure.hints.iter().map(|hint| format!("hint: {hint}\n"));
            let code = failure.exit.code();
            format!("{name}: {} [{code}]\n{}", failure.message, hints.collect::<String>())
        });
        let late = not_released(lock, Timestamp::from_unix_nanos(0)).message;
        insta::assert_snapshot!(format!("{}not released: {late}", words.concat()));
    }

    #[test]
    fn before_the_command_a_held_lock_is_told_from_every_other_failure() {
        let code = |exit| before_the_command(Failure::new(exit, "…"), 75).exit.code();
        assert_eq!(code(Exit::HeldByOther), 75);
        assert_eq!(code(Exit::Usage), 125);
        assert_eq!(code(Exit::Unknown), 125);
        assert_eq!(code(Exit::NoSuchCommand), 127);
    }
}
