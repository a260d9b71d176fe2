//! What can be done to objects, a file each.

pub(crate) mod body;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod delete_collection;
pub(crate) mod direct;
pub(crate) mod effects;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod list_options;
pub(crate) mod patch;
pub(crate) mod update;
pub(crate) mod watch;
pub(crate) mod write;
pub(crate) mod write_options;
