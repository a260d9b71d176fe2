//! Commands under a lock: real processes that are killed, stopped and waited for.

mod guard;
mod keyboard;
pub(crate) mod running;
mod signals;
mod status;
mod waiting;
