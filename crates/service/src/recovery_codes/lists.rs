//! Lists of recovery codes as their users see them: a new one, shown once, and how many are left of
//! it. Both are asked for with an access token.

use std::sync::Arc;

use cognate_model::code::LimitedAction;
use cognate_model::recovery_code::{RecoveryCode, RecoveryCodes};
use cognate_model::{SessionId, Sub, Timestamp, UserPool};
use cognate_store::{Tx, recovery_codes, sessions, software_tokens};

use super::switch::{are_on, hasher};
use crate::limits::backends;
use crate::limits::sums::{Whence, count_action};
use crate::outcome::write_settled;
use crate::tokens::access_token::{self, SignedIn};
use crate::{Cx, Error, Result, failure};

/// What a user has of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodesLeft {
    /// How many codes are not used yet.
    pub number: usize,
    /// When the list was made; None where the user has none.
    pub made_at: Option<Timestamp>,
}

/// Gives the user of an access token a new list in the place of the one before. The session must
/// have proved a second factor in the last minutes.
///
/// # Errors
/// `NotAuthorizedException` and `UserNotFoundException` for the token, also of another pool;
/// `UnsupportedOperationException` where the pool has no recovery codes;
/// `MFAMethodNotFoundException` for a user without a second factor; `UnauthorizedException` when
/// none was proved lately; `LimitExceededException`.
pub async fn make(cx: Cx, pool: &str, access_token: &str) -> Result<Vec<RecoveryCode>> {
    let made = make_for(&cx, pool, access_token).await;
    made.map_err(failure::for_callers)
}

/// How many codes the user of an access token has left.
///
/// # Errors
/// As [`make`], but for what is about a second factor and limits.
pub async fn left(cx: Cx, pool: &str, access_token: &str) -> Result<CodesLeft> {
    let left = left_of(&cx, pool, access_token).await;
    left.map_err(failure::for_callers)
}

async fn make_for(cx: &Cx, pool: &str, access_token: &str) -> Result<Vec<RecoveryCode>> {
    let SignedIn {
        pool_client,
        user,
        session,
    } = signed_in(cx, pool, access_token).await?;
    let cx = backends::of_token(cx, &pool_client.entry, &user.sub);
    let pool = pool_client.pool;
    let hasher = hasher(&cx.app, &pool.id, &user.sub);
    let (list, codes) = RecoveryCodes::draw(hasher, &mut cx.random(), cx.now);
    let new = NewList {
        pool,
        sub: user.sub,
        session: session.id,
        list,
        whence: Whence::of(&cx),
        now: cx.now,
    };
    let settled = new.clone();
    let stands = async move |tx: &mut Tx| settled.stands(tx).await;
    let store = async move |tx: &mut Tx| new.store(tx).await;
    match write_settled(&cx.app.db, "make_recovery_codes", stands, store).await? {
        None => Ok(codes),
        Some(refusal) => Err(refusal),
    }
}

async fn left_of(cx: &Cx, pool: &str, access_token: &str) -> Result<CodesLeft> {
    let SignedIn { user, .. } = signed_in(cx, pool, access_token).await?;
    let mut tx = cx.app.db.read().await?;
    let found = recovery_codes::find(&mut tx, &user.pool, &user.sub).await?;
    let (codes, used) = found.unwrap_or_default();
    Ok(CodesLeft {
        number: codes.left(used),
        made_at: codes.made_at,
    })
}

/// Who is signed in, in the pool that the request names, which has recovery codes.
async fn signed_in(cx: &Cx, pool: &str, access_token: &str) -> Result<SignedIn> {
    let signed_in = access_token::check(cx, access_token).await?;
    if signed_in.user.pool.as_str() != pool {
        return Err(Error::invalid_access_token());
    }
    if !are_on(cx, &signed_in.pool_client.pool).await? {
        return Err(Error::recovery_codes_not_enabled());
    }
    Ok(signed_in)
}

/// A list that is about to be stored.
#[derive(Clone)]
struct NewList {
    pool: Arc<UserPool>,
    sub: Sub,
    session: SessionId,
    list: RecoveryCodes,
    whence: Whence,
    now: Timestamp,
}

impl NewList {
    /// Whether the transaction stands that has stored it: no other list has these hashes.
    async fn stands(&self, tx: &mut Tx) -> Result<Option<Option<Error>>> {
        let found = recovery_codes::find(tx, &self.pool.id, &self.sub).await?;
        let is_stored =
            found.is_some_and(|(kept, _)| self.list.clone().after(kept.clone()) == kept);
        Ok(is_stored.then_some(None))
    }

    /// Stores it. `Some` holds the refusal, which is committed with its count.
    async fn store(self, tx: &mut Tx) -> Result<Option<Error>> {
        let (pool, sub, now) = (&self.pool.id, &self.sub, self.now);
        // What has ended meanwhile makes no list.
        let found = sessions::find_with_user(tx, pool, &self.session).await?;
        let (session, user) = found.ok_or_else(Error::access_token_revoked)?;
        let token = software_tokens::find(tx, pool, sub).await?;
        let has_token = token.is_some_and(|(token, _)| token.verified.is_some());
        if !self.pool.asks_for_second_factor(&user, has_token) {
            return Err(Error::no_factor_to_stand_in_for());
        }
        let kept = recovery_codes::find(tx, pool, sub).await?;
        let (kept, _) = kept.unwrap_or_default();
        if !kept.may_be_made_by(&session.id, session.second_factor_at(), now) {
            return Err(Error::second_factor_not_proved_lately());
        }
        let action = LimitedAction::MakeRecoveryCodes;
        let refusal = count_action(tx, &self.whence, pool, sub, action, now).await?;
        if refusal.is_none() {
            recovery_codes::put(tx, pool, sub, &self.list.after(kept)).await?;
        }
        Ok(refusal)
    }
}
