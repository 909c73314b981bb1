//! Whether recovery codes are switched on, and what their hashes are keyed by.

use cognate_model::recovery_code::CodeHasher;
use cognate_model::{Sub, UserPool, UserPoolId};

use crate::app::App;
use crate::{Cx, Result};

/// Whether the users of a pool may have recovery codes, and sign in with them.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn are_on(cx: &Cx, pool: &UserPool) -> Result<bool> {
    let settings = cx.app.pool_server_settings(&pool.id).await?;
    Ok(settings.recovery_codes == Some(true))
}

/// What hashes the codes of a user.
pub(super) fn hasher<'a>(app: &'a App, pool: &'a UserPoolId, sub: &'a Sub) -> CodeHasher<'a> {
    CodeHasher {
        secret: &app.secrets.recovery_codes,
        pool,
        sub,
    }
}
