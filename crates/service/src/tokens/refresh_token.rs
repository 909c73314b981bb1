//! Refresh tokens: opaque to everybody but this server, in the five parts that clients expect of
//! Cognito's.
//!
//! The content is sealed and bound to pool and app client, so a token of another client does not
//! open. It names a session and a place in the session's row of rotations; whether that still
//! stands is read from the database each time.

use std::time::Duration;

use cognate_crypto::digest::{base64url_decode, base64url_encode, ct_eq, hmac_sha256, sha256};
use cognate_model::{AppClient, Groups, SessionId, Sub, Timestamp, TokenSession, User, UserPool};
use cognate_store::{group_members, sessions, users};
use serde::{Deserialize, Serialize};

use crate::users::accounts::PoolClient;
use crate::{Cx, Error, Result};

/// The first part, as a JOSE header would be (RFC 7516 §4): direct use of a shared key, which is
/// the server's own.
const HEADER: &str = r#"{"cty":"JWT","enc":"A256GCM","alg":"dir"}"#;
/// The longest token that is looked at; ours have some 500 characters.
const MAX_LENGTH: usize = 2048;
/// Where the sealed bytes are cut into the four parts behind the header: salt, nonce, ciphertext,
/// and 16 bytes of tag at the end.
const SALT_ENDS: usize = 21;
const NONCE_ENDS: usize = 33;
const TAG_LENGTH: usize = 16;

/// So long after a token was spent its coming back is taken for the same client's, whose requests
/// crossed: it is refused, and ends nothing. A thief who is as fast gets nothing by it.
const CROSSING: Duration = Duration::from_secs(2);

/// A token that is made and not handed out yet.
#[derive(Clone)]
pub(crate) struct NewToken {
    pub(crate) text: String,
    /// What the session's row keeps of it.
    pub(crate) hash: [u8; 32],
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Content {
    session: SessionId,
    generation: i64,
    expires_at: Timestamp,
    secret: String,
    /// Whose it is, to tell what became of them when the session is gone; tokens of older versions
    /// do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub: Option<Sub>,
}

/// Makes the refresh token of a session's current generation. Its secret follows from the session
/// and the generation, so that the token can be given once more; that takes the server's own
/// secret, and sealing it takes the keys.
///
/// # Errors
/// Only when it cannot be sealed.
pub(crate) fn make(cx: &Cx, session: &TokenSession) -> Result<NewToken> {
    let secret = base64url_encode(&hmac_sha256(
        &cx.app.secrets.refresh,
        &[
            session.pool.as_str().as_bytes(),
            b"\0",
            session.id.as_str().as_bytes(),
            &session.generation.to_be_bytes(),
        ],
    ));
    let hash = sha256(&[secret.as_bytes()]);
    let content = Content {
        session: session.id.clone(),
        generation: session.generation,
        expires_at: session.expires_at,
        secret,
        sub: Some(session.sub.clone()),
    };
    let context = [
        b"refresh token".as_slice(),
        session.pool.as_str().as_bytes(),
        session.client.as_str().as_bytes(),
    ];
    let sealed = cx.app.db.seal(&context, &serde_json::to_vec(&content)?)?;
    Ok(NewToken {
        text: five_parts(&sealed),
        hash,
    })
}

/// A refresh token that opened, and the session that it names as the database has it now.
pub(crate) struct Presented {
    pub(crate) session: TokenSession,
    pub(crate) user: User,
    /// The user's groups, which new tokens name.
    pub(crate) groups: Groups,
    generation: i64,
    is_current: bool,
    /// What the session's row keeps of its newest token.
    newest: Vec<u8>,
    /// Whether the session's device was confirmed, and not forgotten since.
    device_stands: bool,
}

/// What a token's place in the row of rotations says.
pub(crate) enum TokenState {
    /// It is the newest.
    Current,
    /// The newest took its place a moment ago, or while the request was under way: a client that
    /// repeats itself.
    InGrace,
    /// The same at a client without a grace period.
    TooLate,
    /// It was used again: somebody has a copy.
    Reused,
}

impl Presented {
    /// Opens a token and reads its session.
    ///
    /// # Errors
    /// `NotAuthorizedException`: not a token of this client, run out, or of a session that has
    /// ended; `UserNotFoundException` when the user has gone, and the client tells that.
    pub(crate) async fn open(cx: &Cx, pool_client: &PoolClient, token: &str) -> Result<Self> {
        let content = content(cx, &pool_client.pool, &pool_client.entry.client, token)?;
        // Before the session is looked for: it may have been cleared away since.
        if content.expires_at <= cx.now {
            return Err(Error::refresh_token_expired());
        }
        let (mut reader, pool) = (cx.app.db.read().await?, &pool_client.pool.id);
        let found = sessions::find_for_refresh(&mut reader, pool, &content.session).await?;
        let Some((session, newest, user, device_stands)) = found else {
            return Err(why_it_ended(cx, pool_client, content.sub.as_ref()).await?);
        };
        if session.client != pool_client.entry.client.id {
            return Err(Error::invalid_refresh_token());
        }
        if session.expires_at <= cx.now {
            return Err(Error::refresh_token_expired());
        }
        let is_current = content.generation == session.generation
            && ct_eq(&newest, &sha256(&[content.secret.as_bytes()]));
        if !user.enabled {
            return Err(Error::user_is_disabled());
        }
        let groups = group_members::of_user(&mut reader, pool, &user.sub).await?;
        Ok(Self {
            session,
            user,
            groups,
            generation: content.generation,
            is_current,
            newest,
            device_stands,
        })
    }

    /// Checks that a session which began on a device is refreshed there: the device was confirmed
    /// and stands, and the request names it (docs/protocol.md §14.5).
    ///
    /// # Errors
    /// `NotAuthorizedException`, as for a token that is none.
    pub(crate) fn check_device(&self, named: Option<&str>) -> Result<()> {
        let Some(device) = &self.session.device_key else {
            return Ok(());
        };
        let is_named =
            named.is_some_and(|named| ct_eq(named.as_bytes(), device.as_str().as_bytes()));
        if is_named && self.device_stands {
            Ok(())
        } else {
            Err(Error::invalid_refresh_token())
        }
    }

    /// Where the token stands under the client's rotation. `was_newest`: the request has seen it as
    /// the newest before, and another took its place since.
    pub(crate) fn state(&self, client: &AppClient, now: Timestamp, was_newest: bool) -> TokenState {
        if self.is_current {
            return TokenState::Current;
        }
        let Some(rotation) = client.settings.rotation else {
            return TokenState::Reused;
        };
        let grace = Duration::from_secs(rotation.grace_seconds.into());
        let spent_at = self.session.spent_at(self.generation);
        let is_within = |span| spent_at.is_some_and(|at| now.since(at) < span);
        if is_within(grace) || was_newest && !grace.is_zero() {
            TokenState::InGrace
        } else if is_within(CROSSING) || was_newest {
            TokenState::TooLate
        } else {
            TokenState::Reused
        }
    }

    /// The session's newest token once more; None when a node of an older version has made it, by
    /// chance alone.
    ///
    /// # Errors
    /// Only when it cannot be sealed.
    pub(crate) fn newest(&self, cx: &Cx) -> Result<Option<NewToken>> {
        let newest = make(cx, &self.session)?;
        Ok(Some(newest).filter(|newest| ct_eq(&newest.hash, &self.newest)))
    }
}

/// Why the session of a token is no more, as far as its user tells.
async fn why_it_ended(cx: &Cx, pool_client: &PoolClient, sub: Option<&Sub>) -> Result<Error> {
    let Some(sub) = sub else {
        return Ok(Error::refresh_token_revoked());
    };
    let user = users::find(&mut cx.app.db.read().await?, &pool_client.pool.id, sub).await?;
    Ok(match user {
        Some(user) if !user.enabled => Error::user_is_disabled(),
        None if !pool_client.hides_users() => Error::user_does_not_exist(),
        Some(_) | None => Error::refresh_token_revoked(),
    })
}

/// The session that a token names, without a look at the database: for revocation, which is no
/// error for what has ended already.
///
/// # Errors
/// `NotAuthorizedException` when it is not a token of this client.
pub(crate) fn session_named(cx: &Cx, pool_client: &PoolClient, token: &str) -> Result<SessionId> {
    content(cx, &pool_client.pool, &pool_client.entry.client, token).map(|content| content.session)
}

fn content(cx: &Cx, pool: &UserPool, client: &AppClient, token: &str) -> Result<Content> {
    let sealed = sealed_bytes(token).ok_or_else(Error::invalid_refresh_token)?;
    let context = [
        b"refresh token".as_slice(),
        pool.id.as_str().as_bytes(),
        client.id.as_str().as_bytes(),
    ];
    let plain = cx
        .app
        .db
        .open_sealed(&context, &sealed)
        .map_err(|error| Error::invalid_refresh_token().with_source(error))?;
    serde_json::from_slice(plain.expose())
        .map_err(|error| Error::invalid_refresh_token().with_source(error))
}

fn five_parts(sealed: &[u8]) -> String {
    let (front, tag) = sealed.split_at(sealed.len().saturating_sub(TAG_LENGTH));
    let (front, ciphertext) = front.split_at(NONCE_ENDS.min(front.len()));
    let (salt, nonce) = front.split_at(SALT_ENDS.min(front.len()));
    [HEADER.as_bytes(), salt, nonce, ciphertext, tag]
        .map(base64url_encode)
        .join(".")
}

fn sealed_bytes(token: &str) -> Option<Vec<u8>> {
    if token.len() > MAX_LENGTH {
        return None;
    }
    let mut parts = token.split('.');
    let header = parts.next()?;
    if base64url_decode(header).ok()? != HEADER.as_bytes() {
        return None;
    }
    let parts: Vec<Vec<u8>> = parts
        .map(|part| base64url_decode(part).ok())
        .collect::<Option<_>>()?;
    (parts.len() == 4).then(|| parts.concat())
}
