//! What there is to be served.

use crate::reply::Reply;
use crate::request::Request;
use crate::state::State;

/// What is answered to a `GET` of a path like `/api` or `/apis/apps/v1`; `None` of others.
pub(crate) fn answer(_: &State, _: &Request) -> Option<Reply> {
    None
}
