//! How far a sign-in has come: what every waiting step carries.

use serde::{Deserialize, Serialize};

use super::account::Account;
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
}

/// A factor that was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// The password.
    Password,
}

/// A factor and when it was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved {
    /// Which one.
    pub factor: Factor,
    /// When.
    pub at: Timestamp,
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
    /// The salt of the password that was proved, which no other password has.
    #[serde(default, with = "crate::bytes", skip_serializing_if = "Vec::is_empty")]
    pub(super) password: Vec<u8>,
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

    /// Whether the password that was proved, if one was, is still the account's.
    pub(super) fn holds_for(&self, account: &Account<'_>) -> bool {
        let current = account.with_password();
        self.password.is_empty()
            || current.is_some_and(|(_, credentials)| credentials.salt == self.password)
    }
}
