//! `kubelock get`: lists of locks, and locks that are followed.

mod following;
mod kinds;
mod listing;
mod many;
mod outages;
pub(crate) mod scripted;
