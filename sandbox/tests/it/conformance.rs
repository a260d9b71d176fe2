//! What both servers do, in the words of an API client.

mod create;
mod json_patch;
mod names;
mod patch;
