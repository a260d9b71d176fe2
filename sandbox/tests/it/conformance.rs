//! What both servers do, in the words of an API client.

mod access;
mod bodies;
mod create;
mod delete;
mod discovery;
mod events;
mod history;
mod json_patch;
mod list;
mod merge_patch;
mod names;
mod patch;
mod paths;
mod representation;
mod reviews;
mod selector;
mod spelling;
mod status;
mod table;
mod update;
mod versions;
mod watch;
