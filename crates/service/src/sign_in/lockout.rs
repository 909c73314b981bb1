//! The lock after many wrong passwords, as it is counted in the database.

use cognate_model::lockout::FORGET_AFTER;
use cognate_model::{Sub, Timestamp, UserPoolId};
use cognate_store::{Tx, attempts};

use crate::Result;

/// Counts a wrong password, unless the lock stands, which it does not extend; gives whether it
/// stood.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn count_failure(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    now: Timestamp,
) -> Result<bool> {
    let lockout = attempts::find_lockout(tx, pool, sub.as_str()).await?;
    if lockout.is_locked(now) {
        return Ok(true);
    }
    let after = lockout.after_failure(now);
    attempts::put_lockout(
        tx,
        pool,
        sub.as_str(),
        &after,
        after
            .last_failure
            .max(after.locked_until)
            .plus(FORGET_AFTER),
    )
    .await?;
    Ok(false)
}
