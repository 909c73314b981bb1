//! What a step of a sign-in changes.

use crate::password::Credentials;
use crate::user::User;

/// A change that the machine asks for. The driver applies it in the transaction that ends the step;
/// what may have changed since the facts were read is looked at there once more.
#[derive(Clone)]
pub enum Effect {
    /// The user has a new password.
    SetPassword(Box<PasswordChange>),
}

/// A password that was set in a sign-in.
#[derive(Clone)]
pub struct PasswordChange {
    /// The user, confirmed, with the attributes of the answer.
    pub user: User,
    /// The new password's credentials.
    pub credentials: Credentials,
}

impl Effect {
    /// The user as this leaves them, if it changes them.
    #[must_use]
    pub fn changed_user(&self) -> Option<&User> {
        match self {
            Self::SetPassword(change) => Some(&change.user),
        }
    }
}
