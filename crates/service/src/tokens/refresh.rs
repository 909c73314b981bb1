//! The refresh: new tokens for a session that still stands.
//!
//! Without rotation nothing is written, but the last use where the pool tracks sessions
//! ([`use_of_session`]). With it a token takes the place of the one before, and many
//! requests may bring the one before at the same moment: browser tabs, or the threads of a back
//! end. One of them rotates. The others are not told apart by clocks, which differ between nodes,
//! but by having seen the token as the newest when they came; like those that come within the grace
//! period they are given the newest token once more, so that whichever of the answers a client
//! keeps, it can go on.

use cognate_api::idp::AuthenticationResultType;
use cognate_model::{TokenSession, UserPool};
use cognate_store::{Tx, sessions};

use super::refresh_token::{self, NewToken, Presented, TokenState};
use super::{token_set, use_of_session};
use crate::outcome::write_settled;
use crate::users::accounts::PoolClient;
use crate::{Cx, Error, Result};

/// Who is not the first to rotate sees another's token at the next look; more looks are for nodes
/// of an older version beside.
const LOOKS: u32 = 4;

/// New tokens for the session of a refresh token. `device` is the device key that the request
/// names; `check` says whether it may have them.
///
/// # Errors
/// What the operation answers.
pub(crate) async fn refresh(
    cx: &Cx,
    pool_client: &PoolClient,
    token: &str,
    device: Option<&str>,
    check: impl Fn(&Presented) -> Result<()>,
) -> Result<AuthenticationResultType> {
    let rotates = pool_client.entry.client.settings.rotation.is_some();
    let mut was_newest = false;
    for _ in 0..LOOKS {
        let presented = Presented::open(cx, pool_client, token).await?;
        presented.check_device(device)?;
        check(&presented)?;
        let state = presented.state(&pool_client.entry.client, cx.now, was_newest);
        let Presented {
            session,
            user,
            groups,
            ..
        } = &presented;
        match state {
            TokenState::Current if !rotates => {
                use_of_session::note(cx, &pool_client.pool, session).await?;
                return token_set::issue(cx, pool_client, user, groups, session, None).await;
            }
            TokenState::Current => was_newest = true,
            TokenState::InGrace => {
                if let Some(newest) = presented.newest(cx)? {
                    use_of_session::note(cx, &pool_client.pool, session).await?;
                    return issue(cx, pool_client, &presented, session, &newest).await;
                }
            }
            TokenState::TooLate => return Err(Error::refresh_token_reused()),
            TokenState::Reused => {
                end(cx, session).await?;
                return Err(Error::refresh_token_reused());
            }
        }
        if let Some((session, new)) = rotate(cx, &pool_client.pool, session).await? {
            return issue(cx, pool_client, &presented, &session, &new).await;
        }
    }
    Err(Error::too_many_requests())
}

async fn issue(
    cx: &Cx,
    pool_client: &PoolClient,
    presented: &Presented,
    session: &TokenSession,
    token: &NewToken,
) -> Result<AuthenticationResultType> {
    let (user, groups, token) = (
        &presented.user,
        &presented.groups,
        Some(token.text.as_str()),
    );
    token_set::issue(cx, pool_client, user, groups, session, token).await
}

/// Puts a new refresh token into the place of a session's newest; None when another request was
/// faster.
async fn rotate(
    cx: &Cx,
    pool: &UserPool,
    session: &TokenSession,
) -> Result<Option<(TokenSession, NewToken)>> {
    let before = session.generation;
    let mut session = session.clone();
    session.rotate(cx.now);
    session.seen = use_of_session::seen(cx, pool).or(session.seen);
    let new = refresh_token::make(cx, &session)?;
    let (rotated, hash) = (session.clone(), new.hash);
    let (pool, id) = (session.pool.clone(), session.id.clone());
    let stands = async move |tx: &mut Tx| -> Result<Option<bool>> {
        let found = sessions::find_with_hash(tx, &pool, &id).await?;
        Ok(found.filter(|(_, stored)| *stored == hash).map(|_| true))
    };
    let rotate = async move |tx: &mut Tx| -> Result<bool> {
        Ok(sessions::rotate(tx, &rotated, &hash, before).await?)
    };
    let is_first = write_settled(&cx.app.db, "rotate_refresh_token", stands, rotate).await?;
    Ok(is_first.then_some((session, new)))
}

/// Ends a session whose spent token came back: two hold it, and nobody knows which of them is the
/// thief.
async fn end(cx: &Cx, session: &TokenSession) -> Result<()> {
    let (pool, id) = (session.pool.clone(), session.id.clone());
    let end = async move |tx: &mut Tx| -> Result<()> {
        sessions::end(tx, &pool, &id).await?;
        Ok(())
    };
    cx.app.db.write("end_reused_session", end).await
}
