//! The issue of tokens: for a proof of the sign-in machine, or for a session that still stands.

use cognate_api::idp::AuthenticationResultType;
use cognate_model::claims::{Issue, TokenUse};
use cognate_model::sign_in::Proof;
use cognate_model::{TokenSession, User};

use super::refresh_token;
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
        let session = TokenSession::begin(proof, validity, &mut cx.random());
        if session.pool != pool_client.pool.id || session.client != pool_client.entry.client.id {
            return Err(Error::internal().with_source("a proof for another app client"));
        }
        let refresh = refresh_token::make(cx, &session)?;
        Ok(Self { session, refresh })
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
    session: &TokenSession,
    refresh: Option<&str>,
) -> Result<AuthenticationResultType> {
    let keys = cx.app.keys(&pool_client.pool.id).await?;
    let issuer = cx.app.config.issuer_of(&pool_client.pool.id);
    let client = &pool_client.entry.client;
    let issue = Issue {
        issuer: &issuer,
        user,
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
