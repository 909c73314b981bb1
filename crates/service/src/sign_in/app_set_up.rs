//! An authenticator app that is set up in a sign-in, by AssociateSoftwareToken and
//! VerifySoftwareToken with the session of MFA_SETUP in place of an access token. They bring the
//! step on and keep it under a new session string; the machine takes it from there.

use cognate_crypto::digest::base64url_encode;
use cognate_crypto::secret::SecretBytes;
use cognate_model::sign_in::Pending;
use cognate_model::software_token::RefusedToken;
use cognate_store::{Tx, challenges};

use super::kept_step;
use super::step_row::{self, StepRow};
use crate::outcome::write_settled;
use crate::users::accounts::PoolClient;
use crate::{Cx, Error, Result};

/// Gives the app of a sign-in a secret; gives the session string that goes on with it.
///
/// # Errors
/// `NotAuthorizedException` for a session at which no app can be set up.
pub(crate) async fn associate(cx: &Cx, session: &str, secret: SecretBytes) -> Result<String> {
    let found = Found::by_session(cx, session).await?;
    let PoolClient { pool, entry } = &found.pool_client;
    let (row, pending) = (found.row, found.pending);
    let next = pending.with_secret(secret, (pool, &entry.client), cx.now);
    let next = next.ok_or_else(Error::invalid_session)?;
    put_in_place(cx, row, next).await
}

/// Checks a code of that secret; gives the session string that goes on.
///
/// # Errors
/// `EnableSoftwareTokenMFAException` for a wrong code, which leaves the session as it is, up to a
/// few of them; `NotAuthorizedException` as in [`associate`].
pub(crate) async fn verify(cx: &Cx, session: &str, code: &str, name: &str) -> Result<String> {
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await?;
    let (taken, found) = taken.through(Found::by_session(cx, session).await)?;
    let PoolClient { pool, entry } = &found.pool_client;
    let (row, pending) = (found.row, found.pending);
    let next = pending.with_code((code, name), (pool, &entry.client), cx.now);
    let (taken, next) = taken.through(next.ok_or_else(Error::invalid_session))?;
    match next {
        Ok(next) => {
            let session = put_in_place(cx, row, next).await;
            taken.give_back();
            session
        }
        Err(RefusedToken::NoSecret) => {
            taken.give_back();
            Err(Error::software_token_not_found())
        }
        Err(RefusedToken::Mismatch | RefusedToken::Used) => {
            let count = async move |tx: &mut Tx| kept_step::count_guess(tx, Some(&row)).await;
            let counted = cx.app.db.write("count_wrong_set_up_code", count).await;
            taken.settle(counted.and_then(|()| Err(Error::software_token_mismatch())))
        }
    }
}

/// The step of a session, and where it belongs.
struct Found {
    row: StepRow,
    pending: Pending,
    pool_client: PoolClient,
}

impl Found {
    async fn by_session(cx: &Cx, session: &str) -> Result<Self> {
        let row = step_row::of_session(session)?;
        let pending = kept_step::load(cx, &row, Some(session)).await?;
        let pending = pending.ok_or_else(Error::invalid_session)?;
        let (pool, client) = (pending.pool.as_str(), pending.client.as_str());
        let pool_client = PoolClient::of_pool(&cx.app, pool, client).await;
        // Both are the server's own names: what is gone takes its sign-ins with it.
        let pool_client = pool_client.map_err(|_| Error::invalid_session())?;
        Ok(Self {
            row,
            pending,
            pool_client,
        })
    }
}

/// Keeps a step in place of another, under a new session string.
async fn put_in_place(cx: &Cx, row: StepRow, next: Pending) -> Result<String> {
    let session = cx.random().bytes::<64>();
    let (pool, expires_at) = (next.pool.clone(), next.expires_at);
    let (new_row, kept) = kept_step::keep(next, &session)?;
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        Ok(challenges::find(tx, &new_row).await?.map(drop))
    };
    let keep = async move |tx: &mut Tx| -> Result<()> {
        kept_step::use_up(tx, Some(&row)).await?;
        challenges::insert(tx, &new_row, &pool, &kept, expires_at).await?;
        Ok(())
    };
    write_settled(&cx.app.db, "keep_app_set_up", stands, keep).await?;
    Ok(base64url_encode(&session))
}
