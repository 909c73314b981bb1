//! The issue of tokens: for a proof of the sign-in machine, or for a session that still stands.

use cognate_api::idp::{AuthenticationResultType, NewDeviceMetadataType};
use cognate_model::claims::{Issue, TokenUse};
use cognate_model::device::group_key;
use cognate_model::sign_in::Proof;
use cognate_model::{Groups, TokenSession, User, UserPool};
use cognate_store::{Tx, sessions};

use super::{refresh_token, use_of_session};
use crate::users::accounts::PoolClient;
use crate::{Cx, Error, Result};

/// A session that is about to begin, with its first refresh token.
#[derive(Clone)]
pub(crate) struct NewSession {
    pub(crate) session: TokenSession,
    pub(crate) refresh: refresh_token::NewToken,
}

impl NewSession {
    /// The session that a proof begins, which is used up.
    ///
    /// # Errors
    /// When the proof was given for another app client; when the token cannot be sealed.
    pub(crate) fn begin(cx: &Cx, pool_client: &PoolClient, proof: Proof) -> Result<Self> {
        let validity = pool_client.entry.client.settings.refresh_validity.span();
        let mut session = TokenSession::begin(proof, validity, &mut cx.random());
        if session.pool != pool_client.pool.id || session.client != pool_client.entry.client.id {
            return Err(Error::internal().with_source("a proof for another app client"));
        }
        session.seen = use_of_session::seen(cx, &pool_client.pool);
        let refresh = refresh_token::make(cx, &session)?;
        Ok(Self { session, refresh })
    }

    /// What a device that was not known before is told to be confirmed with.
    pub(crate) fn device_metadata(&self) -> Option<NewDeviceMetadataType> {
        let key = self.session.new_device()?;
        Some(NewDeviceMetadataType {
            device_key: Some(key.to_string()),
            device_group_key: Some(group_key(&self.session.pool)),
        })
    }

    /// Stores it. Where the pool tracks sessions and the user has as many as they may, those that
    /// were not used for longest end in the same transaction, so that of two sign-ins at once
    /// neither leaves one too many.
    ///
    /// # Errors
    /// Only what the database gives.
    pub(crate) async fn store(&self, tx: &mut Tx, pool: &UserPool) -> Result<()> {
        let (session, tracking) = (&self.session, &pool.settings.sessions);
        if tracking.enabled {
            let others = tracking.max_per_user.saturating_sub(1);
            let (sub, now) = (&session.sub, session.auth_time);
            sessions::end_least_recently_used(tx, &session.pool, sub, now, others).await?;
        }
        Ok(sessions::insert(tx, session, &self.refresh.hash).await?)
    }
}

/// Signs an ID token and an access token for a session: two RSA signatures, on a blocking thread.
///
/// # Errors
/// Only when the pool's keys cannot be used.
pub(crate) async fn issue(
    cx: &Cx,
    pool_client: &PoolClient,
    user: &User,
    groups: &Groups,
    session: &TokenSession,
    refresh: Option<&str>,
) -> Result<AuthenticationResultType> {
    let keys = cx.app.keys(&pool_client.pool.id).await?;
    let issuer = cx.app.config.issuer_of(&pool_client.pool);
    let client = &pool_client.entry.client;
    let issue = Issue {
        pool: &pool_client.pool,
        issuer: &issuer,
        user,
        groups,
        client,
        session,
        now: cx.now,
    };
    let mut random = cx.random();
    let id_claims = issue.id(random.uuid_v4());
    let access_claims = issue.access(random.uuid_v4());
    let key = |token_use, validity| keys.signing(token_use, cx.now, cx.now.plus(validity));
    let id_key = key(TokenUse::Id, client.settings.id_validity.span())?;
    let access_key = key(TokenUse::Access, client.settings.access_validity.span())?;
    let signed = cx.compute(move || {
        Ok::<_, cognate_crypto::jwt::KeyError>((
            id_key.sign(&id_claims)?,
            access_key.sign(&access_claims)?,
        ))
    });
    let (id_token, access_token) = signed.await??;
    Ok(AuthenticationResultType {
        access_token: Some(access_token),
        expires_in: i32::try_from(client.settings.access_validity.span().as_secs()).ok(),
        token_type: Some("Bearer".to_owned()),
        refresh_token: refresh.map(str::to_owned),
        id_token: Some(id_token),
        new_device_metadata: None,
    })
}
