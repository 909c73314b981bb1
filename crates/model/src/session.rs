//! A token session: what a sign-in leaves in the database, and what refresh tokens and access tokens point to. Ending it ends them.

use std::time::Duration;

use cognate_crypto::random::Random;
use serde::{Deserialize, Serialize};

use crate::ids::{ClientId, SessionId, Sub, UserPoolId};
use crate::sign_in::{PasswordChange, Proof};
use crate::time::Timestamp;

/// The longest validity of an access token. A session is kept so long after its refresh token has run out: access tokens hold for their
/// own time, and as long as one may there must be something to revoke.
pub const ACCESS_OUTLIVES_REFRESH: Duration = Duration::from_secs(86_400);

/// One signed-in session of a user at an app client. There are two ways to one: [`TokenSession::begin`], and the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenSession {
    /// The pool.
    pub pool: UserPoolId,
    /// The id, which tokens carry as `origin_jti`.
    pub id: SessionId,
    /// The user.
    pub sub: Sub,
    /// The app client that signed in; tokens of this session are worth nothing at another.
    pub client: ClientId,
    /// When the user proved who they are: `auth_time` of every token of this session.
    pub auth_time: Timestamp,
    /// When its refresh token runs out.
    pub expires_at: Timestamp,
    /// `event_id` of the sign-in.
    #[serde(default)]
    pub event_id: String,
    /// Which refresh token of the family is the newest: counts rotations, zero without.
    #[serde(default)]
    pub generation: i64,
    /// When the newest refresh token took the place of the one before.
    pub rotated_at: Option<Timestamp>,
}

impl TokenSession {
    /// The session that a proof begins: of its user, at its app client, from its time on, for as long as that client's refresh
    /// tokens hold. The proof is used up; what the sign-in has changed of the user is given back, to be stored with the session.
    #[must_use]
    pub fn begin(
        proof: Proof,
        refresh_validity: Duration,
        random: &mut Random,
    ) -> (Self, Option<PasswordChange>) {
        let proof = proof.into_parts();
        let session = Self {
            id: SessionId::random(random),
            expires_at: proof.at.plus(refresh_validity),
            event_id: random.uuid_v4(),
            generation: 0,
            rotated_at: None,
            pool: proof.pool,
            sub: proof.sub,
            client: proof.client,
            auth_time: proof.at,
        };
        (session, proof.change)
    }
}
