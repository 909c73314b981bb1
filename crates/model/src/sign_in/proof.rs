//! The proof of a sign-in. Its fields are this folder's alone, so that nothing else can make one.

use crate::ids::{ClientId, Sub, UserPoolId};
use crate::password::Credentials;
use crate::time::Timestamp;
use crate::user::User;

/// Proof that a user has signed in. Only the sign-in machine makes one, and
/// [`crate::TokenSession::begin`] consumes it: there is no other way to a new session.
pub struct Proof {
    pub(super) pool: UserPoolId,
    pub(super) client: ClientId,
    pub(super) sub: Sub,
    pub(super) at: Timestamp,
    pub(super) change: Option<PasswordChange>,
}

impl Proof {
    /// Who signed in, where and when, and what is to be stored with it.
    pub(crate) fn into_parts(self) -> ProofParts {
        ProofParts {
            pool: self.pool,
            client: self.client,
            sub: self.sub,
            at: self.at,
            change: self.change,
        }
    }

    /// The user.
    #[must_use]
    pub fn sub(&self) -> &Sub {
        &self.sub
    }
}

/// A consumed [`Proof`].
pub(crate) struct ProofParts {
    /// The pool.
    pub(crate) pool: UserPoolId,
    /// The app client.
    pub(crate) client: ClientId,
    /// The user.
    pub(crate) sub: Sub,
    /// When the last factor was proved.
    pub(crate) at: Timestamp,
    /// The new password that the sign-in has set.
    pub(crate) change: Option<PasswordChange>,
}

/// What a sign-in has changed of the user: to be stored in the transaction that makes the session.
pub struct PasswordChange {
    /// The user, confirmed, with the attributes of the answer.
    pub user: User,
    /// The new password's credentials.
    pub credentials: Credentials,
}
