//! Patches, applied as the API server applies them.

mod json_patch;
mod merge;
mod node;
mod strategic;

pub(crate) use json_patch::{json_patch, odd_operations};
pub(crate) use merge::merge_patch;
pub(crate) use strategic::strategic_patch;

/// Why a patch is not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It is no patch.
    Undecodable(String),
    /// It has more operations than are taken.
    TooLarge(String),
    /// It does not fit the object.
    Inapplicable,
    /// The real server's library falls over it.
    Panic,
}
