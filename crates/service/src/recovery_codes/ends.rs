//! What ends recovery codes. They are worth something only beside a second factor: a list goes when
//! its user is asked for none any more, and when the first one is set up, so that no list survives
//! from an earlier time. Another factor, or another app, leaves it as it is.

use cognate_model::demand::Demand;
use cognate_model::recovery_code::RecoveryCodes;
use cognate_model::{SessionId, Sub, Timestamp, User, UserPool, UserPoolId};
use cognate_store::{Tx, recovery_codes};

use crate::Result;

/// Ends the codes of a user.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn end(tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<()> {
    recovery_codes::delete(tx, pool, sub).await?;
    Ok(())
}

/// Ends the codes of a user where a change has begun or ended that a sign-in asks them for a second
/// factor. Where it has begun, the leave that [`app_is_set_up`] gives stays. Where it has ended,
/// setting a factor up again gives none, unless an operator has ended it: who holds no more than an
/// access token can do both.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn follow(
    tx: &mut Tx,
    user: &User,
    (was_asked, is_asked): (bool, bool),
    by_user: bool,
) -> Result<()> {
    let (pool, sub) = (&user.pool, &user.sub);
    if was_asked == is_asked {
        return Ok(());
    }
    let kept = recovery_codes::find(tx, pool, sub).await?;
    let leave = kept.and_then(|(codes, _)| codes.without_codes());
    match leave.filter(|_| is_asked) {
        _ if was_asked && by_user => {
            recovery_codes::put(tx, pool, sub, &RecoveryCodes::barred()).await?;
        }
        Some(leave) => recovery_codes::put(tx, pool, sub, &leave).await?,
        None => end(tx, pool, sub).await?,
    }
    Ok(())
}

/// A user's session has set an app up. If no sign-in asked the user for a second factor before, and
/// they had chosen none, that session may have a list made in the next minutes. One that was chosen
/// and cannot be used, because its address is gone, gives no leave: who holds no more than an
/// access token can take the address away. Where the pool has no recovery codes (`are_on`) nothing
/// is left for a later time.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn app_is_set_up(
    tx: &mut Tx,
    (pool, user, had_app): (&UserPool, &User, bool),
    session: &SessionId,
    are_on: bool,
    now: Timestamp,
) -> Result<()> {
    let is_first =
        user.mfa.enabled.is_empty() && pool.second_factor_of(user, had_app) == Demand::Nothing;
    if !is_first {
        return Ok(());
    }
    let kept = recovery_codes::find(tx, &user.pool, &user.sub).await?;
    if kept.is_some_and(|(codes, _)| codes.is_barred()) {
        return Ok(());
    }
    if are_on {
        let leave = RecoveryCodes::of_enrolment(session.clone(), now);
        recovery_codes::put(tx, &user.pool, &user.sub, &leave).await?;
        return Ok(());
    }
    end(tx, &user.pool, &user.sub).await
}
