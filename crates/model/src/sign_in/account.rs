//! The account behind a sign-in name: a user's, or a made-up one, which must look the same.

use cognate_crypto::srp;

use crate::ids::Sub;
use crate::name::NormalName;
use crate::nobody::Nobody;
use crate::password::Credentials;
use crate::user::User;
use crate::user_pool::{AliasAttribute, SignInNames, UserPool};

/// The account behind a sign-in name.
pub enum Account<'a> {
    /// A user with a password.
    Known(&'a User, &'a Credentials),
    /// A user without a password, with credentials that no password matches.
    WithoutPassword(&'a User, &'a Decoy),
    /// No user: the made-up sub, with credentials that no password matches.
    Unknown(&'a Sub, &'a Decoy),
}

/// Made-up credentials for an account without any. They are the same at each call, under each of
/// its names and on each node. Without the server's secret nobody can distinguish them from real
/// ones.
pub struct Decoy {
    salt: [u8; srp::SALT_LENGTH],
    verifier: srp::Verifier,
    user_id: String,
}

impl Decoy {
    /// The decoy of a name that no user has. `secret` is the server's own, for this purpose only.
    #[must_use]
    pub fn of_nobody(
        secret: &[u8; 32],
        pool: &UserPool,
        name: &NormalName,
        nobody: &Nobody,
    ) -> Self {
        // A real user's id is the user name in its normal form. A name that could be no user name
        // is replaced by the made-up sub, which leads to the same decoy when it is used as a name.
        let could_be_a_user_name = match &pool.sign_in_names {
            SignInNames::Attributes(_) => false,
            SignInNames::Username { aliases } => {
                let is_alias = (name.is_email() && aliases.contains(&AliasAttribute::Email))
                    || (name.is_phone_number() && aliases.contains(&AliasAttribute::PhoneNumber));
                !is_alias
            }
        };
        let user_id = if could_be_a_user_name {
            name.as_str()
        } else {
            nobody.sub.as_str()
        };
        Self::new(secret, pool, &nobody.sub, user_id)
    }

    /// The decoy of a user who has no password.
    #[must_use]
    pub fn of_user(secret: &[u8; 32], pool: &UserPool, user: &User) -> Self {
        let name = NormalName::new(pool, &user.username);
        Self::new(secret, pool, &user.sub, name.as_str())
    }

    /// The user id that challenges show.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    fn new(secret: &[u8; 32], pool: &UserPool, sub: &Sub, user_id: &str) -> Self {
        let (salt, verifier) = srp::made_up(secret, pool.id.as_str(), sub.as_str());
        Self {
            salt,
            verifier,
            user_id: user_id.to_owned(),
        }
    }
}

#[cfg(test)]
impl Decoy {
    /// A decoy that the password of real credentials matches, which no real decoy does: it shows
    /// that the machine refuses even such a match.
    pub(super) fn meeting(credentials: &Credentials) -> Option<Self> {
        Some(Self {
            salt: credentials.salt.as_slice().try_into().ok()?,
            verifier: srp::Verifier::from_bytes(&credentials.verifier).ok()?,
            user_id: credentials.user_id.clone(),
        })
    }
}

/// The credentials that a check runs against, real or made up.
pub(super) struct OwnedTarget {
    pub(super) salt: Vec<u8>,
    pub(super) verifier: srp::Verifier,
    pub(super) user_id: String,
}

impl Account<'_> {
    /// The user and their credentials, if there are both.
    pub(super) fn with_password(&self) -> Option<(&User, &Credentials)> {
        match self {
            Self::Known(user, credentials) => Some((user, credentials)),
            Self::WithoutPassword(..) | Self::Unknown(..) => None,
        }
    }

    /// The user and their credentials, if these are a hash that waits for its password.
    pub(super) fn with_hash(&self) -> Option<(&User, &Credentials)> {
        let known = self.with_password();
        known.filter(|(_, credentials)| credentials.imported.is_some())
    }

    /// The user, if there is one.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        match self {
            Self::Known(user, _) | Self::WithoutPassword(user, _) => Some(user),
            Self::Unknown(..) => None,
        }
    }

    /// The user's sub, if there is a user.
    #[must_use]
    pub fn sub(&self) -> Option<&Sub> {
        self.user().map(|user| &user.sub)
    }

    pub(super) fn target(&self) -> Option<OwnedTarget> {
        match self {
            Self::Known(_, credentials) => Some(OwnedTarget {
                salt: credentials.salt.clone(),
                verifier: srp::Verifier::from_bytes(&credentials.verifier).ok()?,
                user_id: credentials.user_id.clone(),
            }),
            Self::WithoutPassword(_, decoy) | Self::Unknown(_, decoy) => Some(OwnedTarget {
                salt: decoy.salt.to_vec(),
                verifier: decoy.verifier.clone(),
                user_id: decoy.user_id.clone(),
            }),
        }
    }
}
