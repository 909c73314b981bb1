//! The factors that sign-ins prove.

use serde::{Deserialize, Serialize};

use crate::attribute::Contact;
use crate::time::Timestamp;

/// A factor that was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// The password.
    Password,
    /// A code by text message.
    Sms,
    /// A code by mail.
    Email,
    /// A code of an authenticator app.
    SoftwareToken,
    /// A passkey.
    Passkey,
    /// A passkey whose user the authenticator has verified, in a pool and for a user where that
    /// stands for both factors.
    PasskeyForBoth,
    /// A recovery code, in place of a second factor.
    RecoveryCode,
    /// Whatever the pool's own code has asked for.
    Custom,
    /// A device's own secret, after its user was proved. It is no factor of the user's, but may
    /// stand in for one.
    Device,
}

impl Factor {
    /// The address that it came to, if it is a code that was sent.
    #[must_use]
    pub fn contact(self) -> Option<Contact> {
        match self {
            Self::Sms => Some(Contact::PhoneNumber),
            Self::Email => Some(Contact::Email),
            Self::Password
            | Self::SoftwareToken
            | Self::Passkey
            | Self::PasskeyForBoth
            | Self::RecoveryCode
            | Self::Custom
            | Self::Device => None,
        }
    }
}

/// A factor and when it was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved {
    /// Which one.
    pub factor: Factor,
    /// When.
    pub at: Timestamp,
    /// For a passkey: whether its authenticator is carried and keeps it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carried: bool,
}
