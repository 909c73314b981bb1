//! Groups in the database, found by the names of a request.

use cognate_model::{Group, UserPoolId};
use cognate_store::{Tx, groups};

use crate::{Error, Result};

/// The group of a name.
///
/// # Errors
/// `ResourceNotFoundException`.
pub(super) async fn existing(tx: &mut Tx, pool: &UserPoolId, name: &str) -> Result<Group> {
    let found = groups::find(tx, pool, name).await?;
    found.ok_or_else(Error::group_not_found)
}
