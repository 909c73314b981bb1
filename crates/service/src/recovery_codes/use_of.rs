//! Recovery codes in a sign-in: looked up, and used up in the transaction that ends the step.

use cognate_model::recovery_code::{GoodCode, RecoveryCode};
use cognate_model::{Sub, UserPool};
use cognate_store::{Tx, recovery_codes};

use super::switch::{are_on, hasher};
use crate::{Cx, Error, Result};

/// The code that was typed, if it is one of the user's and the pool takes them.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn find(
    cx: &Cx,
    pool: &UserPool,
    sub: &Sub,
    typed: &RecoveryCode,
) -> Result<Option<GoodCode>> {
    if !are_on(cx, pool).await? {
        return Ok(None);
    }
    let found = recovery_codes::find(&mut cx.app.db.read().await?, &pool.id, sub).await?;
    let hasher = hasher(&cx.app, &pool.id, sub);
    Ok(found.and_then(|(codes, used)| codes.find(used, hasher, typed)))
}

/// Uses a code up, which another sign-in may have used since it was looked up.
///
/// # Errors
/// `CodeMismatchException` when it was used, or the list is another by now.
pub(crate) async fn use_up(tx: &mut Tx, pool: &UserPool, sub: &Sub, code: &GoodCode) -> Result<()> {
    if recovery_codes::use_up(tx, &pool.id, sub, code).await? {
        Ok(())
    } else {
        Err(Error::code_mismatch())
    }
}
