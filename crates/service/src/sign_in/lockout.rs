//! The lock after many wrong passwords, as it is counted in the database.

use cognate_model::lockout::{FORGET_AFTER, Lockout};
use cognate_model::{Sub, Timestamp, UserPoolId};
use cognate_store::{Tx, attempts};

use crate::Result;
use crate::counts::{Counts, Limit};

/// How the lock of a name stands to a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// There is none.
    Open,
    /// It begins with this request, which is answered as it would be without.
    Begins,
    /// It stands, and whatever is tried is refused.
    Stands,
}

impl Lock {
    /// How it stands before a request.
    pub(super) fn of(lockout: &Lockout, now: Timestamp) -> Self {
        if lockout.is_locked(now) {
            Self::Stands
        } else {
            Self::Open
        }
    }

    /// Tells operators, once the transaction that found it is committed.
    pub(crate) fn tell(self, counts: &Counts) {
        match self {
            Self::Open => {}
            Self::Begins => counts.lock(),
            Self::Stands => counts.meet(Limit::Lock),
        }
    }
}

/// Counts a wrong password, unless the lock stands, which it does not extend.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn count_failure(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    now: Timestamp,
) -> Result<Lock> {
    let lockout = attempts::find_lockout(tx, pool, sub.as_str()).await?;
    if lockout.is_locked(now) {
        return Ok(Lock::Stands);
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
    Ok(if after.is_locked(now) {
        Lock::Begins
    } else {
        Lock::Open
    })
}
