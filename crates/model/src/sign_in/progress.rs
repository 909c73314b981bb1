//! How far a sign-in has come: what every waiting step carries.

use serde::{Deserialize, Serialize};

use super::account::Account;
use crate::attribute::Contact;
use crate::ids::DeviceKey;
use crate::time::Timestamp;

/// How a sign-in began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By a password in the request (USER_PASSWORD_AUTH, ADMIN_USER_PASSWORD_AUTH).
    #[default]
    Password,
    /// By SRP (USER_SRP_AUTH).
    Srp,
    /// By a choice, or straight from a sign-up (USER_AUTH).
    Choice,
    /// By the pool's own code (CUSTOM_AUTH), perhaps after SRP.
    Custom,
}

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
}

/// A challenge that was met before in this sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastChallenge {
    /// Its name: SRP_A, PASSWORD_VERIFIER or CUSTOM_CHALLENGE.
    pub name: String,
    /// Whether it was met rightly.
    pub result: bool,
    /// The code's own note on it.
    pub metadata: Option<String>,
}

/// What was proved so far, and how it began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// How the sign-in began.
    #[serde(default)]
    pub way: Way,
    /// The factors, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) proved: Vec<Proved>,
    /// What was met in the custom flow, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) custom: Vec<PastChallenge>,
    /// The salt of the password that was proved, which no other password has.
    #[serde(default, with = "crate::bytes", skip_serializing_if = "Vec::is_empty")]
    pub(super) password: Vec<u8>,
    /// The device that the client says it is: proved if [`Factor::Device`] is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) device: Option<DeviceKey>,
    /// Whether the device that was proved stands in for the second factor.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) device_stands_in: bool,
}

impl Progress {
    pub(super) fn of(way: Way) -> Self {
        Self {
            way,
            ..Self::default()
        }
    }

    /// Whether a factor was proved.
    #[must_use]
    pub fn has_proved(&self, factor: Factor) -> bool {
        self.proved.iter().any(|proved| proved.factor == factor)
    }

    /// Whether a factor was proved.
    pub(super) fn has_begun(&self) -> bool {
        !self.proved.is_empty()
    }

    /// Whether two factors were proved. What a pool's own code has asked for may be anything, and
    /// is no second factor; nor is a device.
    pub(super) fn is_of_two_factors(&self) -> bool {
        let factors = self.proved.iter();
        let count = factors
            .filter(|proved| !matches!(proved.factor, Factor::Custom | Factor::Device))
            .count();
        count > 1 || self.has_proved(Factor::PasskeyForBoth)
    }

    /// Whether a factor was proved by a code to this contact.
    pub(super) fn came_by(&self, contact: Option<Contact>) -> bool {
        contact.is_some()
            && self
                .proved
                .iter()
                .any(|proved| proved.factor.contact() == contact)
    }

    /// Whether the password that was proved, if one was, is still the account's.
    pub(super) fn holds_for(&self, account: &Account<'_>) -> bool {
        let current = account.with_password();
        self.password.is_empty()
            || current.is_some_and(|(_, credentials)| credentials.salt == self.password)
    }
}
