//! Whole kinds of objects, page by page: only their metadata, and of that only the locks.

pub(crate) mod clock;
mod page;
pub(crate) mod source;
pub(crate) mod trouble;
pub(crate) mod walk;
pub(crate) mod watch;
