//! What the exit status says.

use std::process::ExitCode;

use kubelock::Error;

/// How a command ended; scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what it was asked for.
    Done,
    /// The API refused, the network failed, the record is malformed or the object is missing.
    Failed,
    /// Wrong usage or wrong configuration: nothing was tried.
    Usage,
    /// `acquire`: this owner holds the lock already.
    HeldAlready,
    /// Another owner, or another hold, has the lock.
    HeldByOther,
    /// There is no such lock, or it has expired.
    NotHeld,
    /// The write may have happened.
    Unknown,
    /// `run`: the command's own status.
    Command(u8),
    /// `run`: the lock was lost while the command ran, or nobody guarded it any more.
    Lost,
    /// `run`: not acquired.
    Conflict(u8),
    /// `run`: this program failed before the command ran.
    NotRun,
    /// `run`: the command cannot be executed.
    NotExecutable,
    /// `run`: the command does not exist.
    NoSuchCommand,
}

impl Exit {
    /// The end that an error of the library means.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::InvalidConfig(_) => Self::Usage,
            Error::AlreadyExists(_) => Self::HeldAlready,
            Error::OwnerMismatch(_) | Error::StillLive(_) => Self::HeldByOther,
            Error::NotFound { .. } => Self::NotHeld,
            Error::OutcomeUnknown { .. } => Self::Unknown,
            _ => Self::Failed,
        }
    }

    /// The process's exit status.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::HeldAlready => 10,
            Self::HeldByOther => 11,
            Self::NotHeld => 12,
            Self::Unknown => 15,
            Self::Command(code) | Self::Conflict(code) => code,
            Self::Lost => 123,
            Self::NotRun => 125,
            Self::NotExecutable => 126,
            Self::NoSuchCommand => 127,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
