//! JSON, as Go reads and writes it.
//!
//! The records are shared with programs that use Go's `encoding/json`, and
//! the API server compares texts that it wrote with the same package. So it is
//! Go's rules that count here, where they differ from those of other readers
//! and writers of JSON.
//!
//! # Source
//! `encoding/json` and `time` of Go 1.26.

mod float;
mod formatter;
mod reader;
mod text;
mod time;

pub use formatter::{GoFormatter, to_vec};
pub(crate) use reader::{Fault, Value, read_object};
pub(crate) use text::push_quoted;
pub(crate) use time::read_time;
