//! What both servers do, in the words of an API client.

mod create;
mod delete;
mod json_patch;
mod names;
mod patch;
mod status;
mod update;
