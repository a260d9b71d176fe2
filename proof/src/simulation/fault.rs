//! What can go wrong, by name.

use super::request::Step;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The request or its answer takes long.
    Delay,
    /// The request never arrives.
    LostRequest,
    /// The request arrives, and its answer does not.
    LostReply,
    /// The request arrives after its caller has given up.
    Late,
    /// The caller is told 504 or a cut, and the request arrives seconds later.
    LateGateway,
    /// No connection comes about.
    Refused,
    /// This status comes instead of the request's arrival.
    Before(u16),
    /// The request arrives, and this status comes instead of its answer.
    After(u16),
    /// The client repeats the request by itself.
    Duplicate,
    /// The API server restarts.
    Restart,
    /// A webhook alters the annotation.
    Alter,
    /// A webhook drops the annotation.
    Drop,
    /// The watch's connection breaks.
    WatchCut,
    /// The watch ends.
    WatchEnd,
    /// The watch tells of an error.
    ErrorEvent,
    /// The watch's resourceVersion is too old.
    Gone,
    /// The watch tells nothing any more.
    Silence,
    /// The watch tells late.
    LateEvents,
    /// No request of the process arrives for a while.
    Outage,
    /// The process is stopped for a while.
    Pause,
    /// Its machine is suspended for a while.
    Suspend,
    /// It dies, and starts again.
    Crash,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 28] = [
        Self::Delay,
        Self::LostRequest,
        Self::LostReply,
        Self::Late,
        Self::LateGateway,
        Self::Refused,
        Self::Before(409),
        Self::Before(429),
        Self::Before(500),
        Self::Before(503),
        Self::After(409),
        Self::After(429),
        Self::After(500),
        Self::After(503),
        Self::Duplicate,
        Self::Restart,
        Self::Alter,
        Self::Drop,
        Self::WatchCut,
        Self::WatchEnd,
        Self::ErrorEvent,
        Self::Gone,
        Self::Silence,
        Self::LateEvents,
        Self::Outage,
        Self::Pause,
        Self::Suspend,
        Self::Crash,
    ];

    /// Whether it can be at this step.
    pub(crate) fn can_meet(self, step: Step) -> bool {
        let is_watch = step == Step::Watch;
        match self {
            // Only something that repeats requests says so of what was applied, and with that
            // nothing is promised for guarded writes.
            Self::After(409 | 429) => step.is_write() && step != Step::Guarded,
            Self::Late
            | Self::LateGateway
            | Self::After(_)
            | Self::Before(409)
            | Self::Duplicate => step.is_write(),
            Self::Alter | Self::Drop => {
                matches!(step, Step::Acquire | Step::Restamp | Step::Renewal | Step::Guarded)
            }
            Self::WatchCut
            | Self::WatchEnd
            | Self::ErrorEvent
            | Self::Gone
            | Self::Silence
            | Self::LateEvents => is_watch,
            Self::Delay
            | Self::LostRequest
            | Self::LostReply
            | Self::Refused
            | Self::Before(_)
            | Self::Restart
            | Self::Outage
            | Self::Pause
            | Self::Suspend
            | Self::Crash => true,
        }
    }
}
