//! The step that waits in the database between a challenge and its answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::account::Account;
use super::facts::Facts;
use crate::ids::{ClientId, Sub, UserPoolId};
use crate::password::Credentials;
use crate::time::Timestamp;

/// A challenge that waits for its answer. It is bound to pool, app client and user, so another
/// cannot use it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pending {
    /// The pool.
    pub pool: UserPoolId,
    /// The app client.
    pub client: ClientId,
    /// The user, or nobody.
    pub holder: Holder,
    /// Where the sign-in stands.
    pub step: Step,
    /// From when on an answer is too late.
    pub expires_at: Timestamp,
}

/// Whose challenge it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A user's.
    User(Sub),
    /// An unknown name's: the sub that was made up for it.
    Nobody(Sub),
}

/// The state of a sign-in, with the data that its next answer needs.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// PASSWORD_VERIFIER was sent.
    PasswordVerifier(PasswordStep),
    /// NEW_PASSWORD_REQUIRED was sent; the temporary password is proved.
    NewPasswordRequired(NewPasswordStep),
}

/// An SRP exchange whose first half is done.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasswordStep {
    /// A, in hexadecimal.
    pub(super) client_public: String,
    /// b.
    #[serde(with = "crate::bytes")]
    pub(super) server_private: Vec<u8>,
    /// B, in hexadecimal as it was sent.
    pub server_public: String,
    /// SALT, in hexadecimal as it was sent.
    pub salt: String,
    /// USER_ID_FOR_SRP.
    pub user_id: String,
    /// SECRET_BLOCK: random bytes. They identify the step when a client sends no Session
    /// (docs/protocol.md §5.4).
    #[serde(with = "crate::bytes")]
    pub secret_block: Vec<u8>,
}

/// A proved temporary password.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewPasswordStep {
    /// The salt of the temporary password. If another password was set meanwhile, this proof is
    /// void.
    #[serde(with = "crate::bytes")]
    pub(super) salt: Vec<u8>,
}

impl NewPasswordStep {
    pub(super) fn for_credentials(credentials: &Credentials) -> Self {
        Self {
            salt: credentials.salt.clone(),
        }
    }
}

impl Pending {
    pub(super) fn new(facts: &Facts<'_>, step: Step, validity: Duration) -> Self {
        Self {
            pool: facts.pool.id.clone(),
            client: facts.client.id.clone(),
            holder: Holder::of(&facts.account),
            step,
            expires_at: facts.now.plus(validity),
        }
    }

    pub(super) fn belongs_to(&self, facts: &Facts<'_>) -> bool {
        self.pool == facts.pool.id
            && self.client == facts.client.id
            && self.holder == Holder::of(&facts.account)
    }
}

impl Holder {
    fn of(account: &Account<'_>) -> Self {
        match account {
            Account::Known(user, _) | Account::WithoutPassword(user, _) => {
                Self::User(user.sub.clone())
            }
            Account::Unknown(sub, _) => Self::Nobody(sub.clone()),
        }
    }
}
