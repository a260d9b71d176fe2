//! Questions about access that are asked by creating an object nobody keeps.

use serde_json::Value;

use crate::path::ResourcePath;
use crate::request::Request;
use crate::state::State;
use crate::status::Status;

/// What is answered to a `POST` at this path; `None` where it is no question.
pub(crate) fn answer(_: &State, _: &Request, _: &ResourcePath) -> Option<Result<Value, Status>> {
    None
}
