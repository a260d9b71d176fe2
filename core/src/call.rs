//! One call: a few requests that end in one outcome.
//!
//! A call is a small state machine without a clock or a connection. The shell starts it,
//! takes the step that it names, and tells it what came back, until it is done or the
//! deadline has come.

use crate::answer::{ReadReply, WriteReply};
use crate::name::{AnnotationKey, PathSegment};
use crate::pace::Pace;
use crate::timestamp::Timestamp;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<Outcome> {
    /// Send the write that [`Call::write`] gives.
    Write(Pace),
    /// Read the object: all of it if [`Call::is_whole`], else its metadata.
    Read(Pace),
    /// The call is over.
    Done(Outcome),
}

/// A write to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A JSON Patch with this body, of the object or a subresource of it.
    Patch {
        /// The body.
        body: Vec<u8>,
        /// `status`, for example.
        subresource: Option<PathSegment>,
    },
    /// A PUT of the whole object as last read.
    Put {
        /// What the annotation holds there: with anything else the PUT is not sent.
        expected: Option<String>,
        /// What it is set to; `None` removes it.
        value: Option<String>,
    },
    /// A POST with this body.
    Create(Vec<u8>),
}

/// One call: `start`, then `on_write` or `on_read` with what each step brought.
pub trait Call {
    /// How the call ends.
    type Outcome;

    /// The first step.
    fn start(&self) -> Step<Self::Outcome>;

    /// The step after the answer to a write.
    fn on_write(&mut self, reply: WriteReply) -> Step<Self::Outcome>;

    /// The step after the answer to a read, which came at `local` by the wall clock.
    fn on_read(&mut self, reply: ReadReply, local: Timestamp) -> Step<Self::Outcome>;

    /// The outcome when the deadline has come.
    fn give_up(&self) -> Self::Outcome;

    /// The write to be sent, the same bytes of the record each time.
    ///
    /// # Errors
    /// None in practice: strings always encode.
    fn write(&self, key: &AnnotationKey) -> serde_json::Result<Write>;

    /// Whether the object is read and written whole, since patching is forbidden.
    fn is_whole(&self) -> bool;
}
