//! Access tokens in requests: the one function that checks them, whichever door they come through.

use std::sync::Arc;

use cognate_crypto::digest::sha256;
use cognate_crypto::jwt::{self, SigningKey};
use cognate_model::claims::{AccessClaims, SIGN_IN_SCOPE, TokenUse};
use cognate_model::{ClientId, SessionId, Sub, TokenSession, User, UserPoolId};
use cognate_store::{Tx, sessions, users};
use serde::Deserialize;

use super::verified_tokens::Verified;
use crate::settings::PoolKeys;
use crate::users::accounts::PoolClient;
use crate::{App, Cx, Error, ErrorCode, Result};

/// A signed-in user, as their access token proves.
pub(crate) struct SignedIn {
    pub(crate) pool_client: PoolClient,
    pub(crate) user: User,
    pub(crate) session: TokenSession,
}

impl SignedIn {
    /// What a write for this user rests on.
    pub(crate) fn basis(&self) -> SessionBasis {
        SessionBasis {
            pool: self.session.pool.clone(),
            session: self.session.id.clone(),
        }
    }
}

/// The session that a user's own write rests on. The token was checked in an earlier read: between
/// the two the user may have signed out everywhere, which a request under way must not outlive.
#[derive(Clone)]
pub(crate) struct SessionBasis {
    pool: UserPoolId,
    session: SessionId,
}

impl SessionBasis {
    /// Checks, in the write, that the session still stands.
    ///
    /// # Errors
    /// `NotAuthorizedException` when it has ended; what the database gives.
    pub(crate) async fn check(&self, tx: &mut Tx) -> Result<()> {
        match sessions::find(tx, &self.pool, &self.session).await? {
            Some(_) => Ok(()),
            None => Err(Error::access_token_revoked()),
        }
    }

    /// The same, where an operator's write rests on none.
    ///
    /// # Errors
    /// As [`SessionBasis::check`].
    pub(crate) async fn check_if_any(basis: Option<&Self>, tx: &mut Tx) -> Result<()> {
        match basis {
            Some(basis) => basis.check(tx).await,
            None => Ok(()),
        }
    }
}

/// What is read before the signature is checked: only to find the pool whose key checks it.
#[derive(Deserialize)]
struct Claimed {
    iss: String,
}

/// Checks an access token: signature by a key of this pool for access tokens, issuer, use, client,
/// time, scope; that its session still stands and its user is there and enabled.
///
/// # Errors
/// `NotAuthorizedException`, in the words that say why; `UserNotFoundException` when the user is no
/// more.
pub(crate) async fn check(cx: &Cx, token: &str) -> Result<SignedIn> {
    let verified = verified(cx, token).await?;
    let Verified { pool, claims, .. } = verified.as_ref();
    if claims.exp <= cx.now.seconds() {
        return Err(Error::access_token_expired());
    }
    if !claims.scope.split(' ').any(|scope| scope == SIGN_IN_SCOPE) {
        return Err(Error::access_token_lacks_scopes());
    }
    let (Ok(client), Ok(session)) = (
        ClientId::parse(&claims.client_id),
        SessionId::parse(&claims.origin_jti),
    ) else {
        return Err(Error::invalid_access_token());
    };
    let found = sessions::find_with_user(&mut cx.app.db.read().await?, pool, &session).await?;
    let Some((session, user)) = found else {
        return Err(why_it_ended(cx, pool, &claims.sub).await?);
    };
    if session.client != client || session.sub.as_str() != claims.sub {
        return Err(Error::invalid_access_token());
    }
    if !user.enabled {
        return Err(Error::user_is_disabled());
    }
    // It is read for what its users may see and do. A deleted one's sessions go afterwards, a few
    // at a time.
    let gone = |error: Error| match error.code {
        ErrorCode::ResourceNotFound => Error::access_token_revoked(),
        _ => error,
    };
    let pool_client = PoolClient::of_client(&cx.app, client.as_str()).await;
    let pool_client = pool_client.map_err(gone)?;
    Ok(SignedIn {
        pool_client,
        user,
        session,
    })
}

/// The pool, app client and user of a token that this node has found right before, whatever has
/// become of it since: for counting, and for no right.
pub(crate) fn known(app: &App, token: &str) -> Option<(UserPoolId, ClientId, String)> {
    let verified = app.verified_tokens.find(&sha256(&[token.as_bytes()]))?;
    let client = ClientId::parse(&verified.claims.client_id).ok()?;
    Some((verified.pool.clone(), client, verified.claims.sub.clone()))
}

/// Why the session of a token is no more, as far as its user tells. Who holds a token that this
/// server has signed knows of them.
async fn why_it_ended(cx: &Cx, pool: &UserPoolId, sub: &str) -> Result<Error> {
    let Ok(sub) = Sub::parse(sub) else {
        return Ok(Error::invalid_access_token());
    };
    let user = users::find(&mut cx.app.db.read().await?, pool, &sub).await?;
    Ok(match user {
        None => Error::user_does_not_exist(),
        Some(user) if !user.enabled => Error::user_is_disabled(),
        Some(_) => Error::access_token_revoked(),
    })
}

/// The claims of a token that one of the pool's own keys for access tokens has signed, for that
/// very pool.
async fn verified(cx: &Cx, token: &str) -> Result<Arc<Verified>> {
    let hash = sha256(&[token.as_bytes()]);
    if let Some(verified) = cx.app.verified_tokens.find(&hash) {
        let keys = cx.app.keys_with(&verified.pool, &verified.kid).await?;
        serving_key(&keys, &verified.kid, cx)?;
        return Ok(verified);
    }
    let verified = Arc::new(verify(cx, token).await?);
    cx.app.verified_tokens.keep(hash, &verified);
    Ok(verified)
}

async fn verify(cx: &Cx, token: &str) -> Result<Verified> {
    let invalid = |error| Error::invalid_access_token().with_source(error);
    let unverified = jwt::peek(token).map_err(invalid)?;
    let claimed: Claimed = unverified.unverified_claims().map_err(invalid)?;
    let pool = pool_of_issuer(&claimed.iss).ok_or_else(Error::invalid_access_token)?;
    if !cx.app.config.is_issuer_of(&pool, &claimed.iss) {
        return Err(Error::invalid_access_token());
    }
    let keys = cx.app.keys_with(&pool, &unverified.kid).await?;
    let key = serving_key(&keys, &unverified.kid, cx)?;
    let claims: AccessClaims = key.public().verify(&unverified).map_err(invalid)?;
    if claims.token_use != TokenUse::Access || claims.iss != claimed.iss {
        return Err(Error::invalid_access_token());
    }
    let kid = unverified.kid;
    Ok(Verified { pool, kid, claims })
}

/// The key of an id, if it serves for access tokens now.
fn serving_key(keys: &PoolKeys, kid: &str, cx: &Cx) -> Result<Arc<SigningKey>> {
    let key = keys.find(kid, cx.now);
    key.filter(|key| key.token_use == TokenUse::Access)
        .map(|key| Arc::clone(&key.signing))
        .ok_or_else(Error::invalid_access_token)
}

/// The pool that an issuer ends in.
fn pool_of_issuer(issuer: &str) -> Option<UserPoolId> {
    issuer
        .rsplit_once('/')
        .and_then(|(_, pool)| UserPoolId::parse(pool).ok())
}
