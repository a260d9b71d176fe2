//! Who may do what.

use crate::attributes::Attributes;
use crate::state::State;
use crate::status::Status;
use crate::users::User;

/// Refuses what this user may not.
#[expect(clippy::unnecessary_wraps, reason = "rules come with the roles")]
pub(crate) fn authorize(_: &State, _: &User, _: &Attributes) -> Result<(), Status> {
    Ok(())
}
