//! Access tokens in requests: the one function that checks them, whichever door they come through.

use std::sync::Arc;

use cognate_crypto::jwt;
use cognate_model::claims::{AccessClaims, SIGN_IN_SCOPE, TokenUse};
use cognate_model::{ClientId, SessionId, TokenSession, User, UserPoolId};
use cognate_store::sessions;
use serde::Deserialize;

use super::accounts::Door;
use crate::{Cx, Error, Result};

/// A signed-in user, as their access token proves.
pub(crate) struct SignedIn {
    pub(crate) door: Door,
    pub(crate) user: User,
    pub(crate) session: TokenSession,
}

/// What is read before the signature is checked: only to find the pool whose key checks it.
#[derive(Deserialize)]
struct Claimed {
    iss: String,
}

/// Checks an access token: signature by a key of this pool for access tokens, issuer, use, client, time, scope; that its session still
/// stands and its user is there and enabled.
///
/// # Errors
/// `NotAuthorizedException`, in the words that say why.
pub(crate) async fn check(cx: &Cx, token: &str) -> Result<SignedIn> {
    let claims = verified_claims(cx, token).await?;
    if claims.exp <= cx.now.seconds() {
        return Err(Error::access_token_expired());
    }
    if !claims.scope.split(' ').any(|scope| scope == SIGN_IN_SCOPE) {
        return Err(Error::access_token_lacks_scopes());
    }
    let pool = pool_of_issuer(&claims.iss).ok_or_else(Error::invalid_access_token)?;
    let (Ok(client), Ok(session)) = (
        ClientId::parse(&claims.client_id),
        SessionId::parse(&claims.origin_jti),
    ) else {
        return Err(Error::invalid_access_token());
    };
    let found = sessions::find_with_user(&mut cx.app.db.read().await?, &pool, &session).await?;
    let (session, user) = found.ok_or_else(Error::access_token_revoked)?;
    if session.client != client || session.sub.as_str() != claims.sub {
        return Err(Error::invalid_access_token());
    }
    if !user.enabled {
        return Err(Error::user_is_disabled());
    }
    // A client that was deleted takes its sessions with it; here it is read for what its users may see and do.
    let door = Door::of_client(&cx.app, client.as_str()).await?;
    Ok(SignedIn {
        door,
        user,
        session,
    })
}

/// The claims of a token that one of the pool's own keys for access tokens has signed, for that very pool.
async fn verified_claims(cx: &Cx, token: &str) -> Result<AccessClaims> {
    let invalid = |error| Error::invalid_access_token().with_source(error);
    let unverified = jwt::peek(token).map_err(invalid)?;
    let claimed: Claimed = unverified.unverified_claims().map_err(invalid)?;
    let pool = pool_of_issuer(&claimed.iss).ok_or_else(Error::invalid_access_token)?;
    if claimed.iss != cx.app.config.issuer_of(&pool) {
        return Err(Error::invalid_access_token());
    }
    let keys = cx.app.keys_with(&pool, &unverified.kid).await?;
    let key = keys
        .find(&unverified.kid, cx.now)
        .filter(|key| key.token_use == TokenUse::Access)
        .ok_or_else(Error::invalid_access_token)?;
    let signing = Arc::clone(&key.signing);
    let claims: AccessClaims = signing.public().verify(&unverified).map_err(invalid)?;
    if claims.token_use != TokenUse::Access || claims.iss != claimed.iss {
        return Err(Error::invalid_access_token());
    }
    Ok(claims)
}

/// The pool that an issuer ends in.
fn pool_of_issuer(issuer: &str) -> Option<UserPoolId> {
    issuer
        .rsplit_once('/')
        .and_then(|(_, pool)| UserPoolId::parse(pool).ok())
}
