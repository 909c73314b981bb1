//! A token session: what a sign-in leaves in the database, and what refresh tokens and access tokens point to. Ending it ends them.

use serde::{Deserialize, Serialize};

use crate::ids::{ClientId, SessionId, Sub, UserPoolId};
use crate::time::Timestamp;

/// One signed-in session of a user at an app client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub event_id: String,
    /// Which refresh token of the family is the newest: counts rotations, zero without.
    pub generation: i64,
    /// When the newest refresh token took the place of the one before.
    pub rotated_at: Option<Timestamp>,
}
