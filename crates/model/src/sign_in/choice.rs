//! What a user may begin a choice-based sign-in with (USER_AUTH, docs/protocol.md §17.3).

use cognate_crypto::secret::SecretString;
use cognate_crypto::srp;
use serde::{Deserialize, Serialize};

use crate::acr::Method;
use crate::first_factor::FirstFactor;

/// A challenge that a user can choose to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstChallenge {
    /// The password itself.
    Password,
    /// The password, proved by SRP.
    PasswordSrp,
    /// A code by mail.
    EmailOtp,
    /// A code by text message.
    SmsOtp,
    /// A passkey.
    WebAuthn,
}

/// What a client has chosen, with what it needs of its own.
#[derive(Default)]
pub struct Choice {
    /// The challenge; None where the client wants to be told what there is.
    pub challenge: Option<FirstChallenge>,
    /// For [`FirstChallenge::PasswordSrp`].
    pub client_public: Option<Box<srp::ClientPublic>>,
    /// For [`FirstChallenge::Password`].
    pub password: Option<SecretString>,
}

impl FirstChallenge {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] = [
        Self::EmailOtp,
        Self::SmsOtp,
        Self::Password,
        Self::PasswordSrp,
        Self::WebAuthn,
    ];

    /// What it proves, as levels count it.
    #[must_use]
    pub fn method(self) -> Method {
        match self {
            Self::Password | Self::PasswordSrp => Method::Password,
            Self::EmailOtp => Method::Email,
            Self::SmsOtp => Method::Sms,
            Self::WebAuthn => Method::Passkey,
        }
    }

    /// The factor that it proves.
    #[must_use]
    pub fn factor(self) -> FirstFactor {
        match self {
            Self::Password | Self::PasswordSrp => FirstFactor::Password,
            Self::EmailOtp => FirstFactor::EmailOtp,
            Self::SmsOtp => FirstFactor::SmsOtp,
            Self::WebAuthn => FirstFactor::WebAuthn,
        }
    }
}
