//! What a pool's running import forbids.

use cognate_model::UserPoolId;
use cognate_store::{Tx, import_jobs};

use crate::{Error, Result};

/// Refuses a change of a pool that users are imported into: they are read by its rules.
///
/// # Errors
/// `UserImportInProgressException`.
pub(crate) async fn refuse_while_one_runs(tx: &mut Tx, pool: &UserPoolId) -> Result<()> {
    if import_jobs::runs(tx, pool).await? {
        return Err(Error::user_import_in_progress());
    }
    Ok(())
}
