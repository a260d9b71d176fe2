//! What both servers do, in the words of an API client.

mod create;
mod delete;
mod json_patch;
mod list;
mod names;
mod patch;
mod paths;
mod representation;
mod selector;
mod status;
mod update;
mod watch;
