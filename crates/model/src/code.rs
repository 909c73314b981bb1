//! Codes that are mailed or sent by SMS: what they are for, how long they live, how many guesses they take.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::attribute::Contact;

/// What a code proves. A code of one purpose is worth nothing for another: the purpose is part of what is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodePurpose {
    /// Confirms a sign-up.
    ConfirmSignUp,
    /// Sets a new password.
    ResetPassword,
    /// Verifies an e-mail address of a signed-in user.
    VerifyEmail,
    /// Verifies a phone number of a signed-in user.
    VerifyPhoneNumber,
}

/// Wrong guesses that one code takes; the next is refused whatever it says.
pub const MAX_GUESSES: i64 = 5;

impl CodePurpose {
    /// The purpose of verifying a contact attribute.
    #[must_use]
    pub fn verify(contact: Contact) -> Self {
        match contact {
            Contact::Email => Self::VerifyEmail,
            Contact::PhoneNumber => Self::VerifyPhoneNumber,
        }
    }

    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfirmSignUp => "confirm_sign_up",
            Self::ResetPassword => "reset_password",
            Self::VerifyEmail => "verify_email",
            Self::VerifyPhoneNumber => "verify_phone_number",
        }
    }

    /// How long a code lives: 24 hours, or one hour for a password reset (Developer Guide, quotas).
    #[must_use]
    pub fn validity(self) -> Duration {
        match self {
            Self::ResetPassword => Duration::from_secs(3600),
            Self::ConfirmSignUp | Self::VerifyEmail | Self::VerifyPhoneNumber => {
                Duration::from_secs(24 * 3600)
            }
        }
    }
}

/// What is kept of a code that is out: sealed, under (pool, sub, purpose).
#[derive(Clone, Serialize, Deserialize)]
pub struct PendingCode {
    /// Keyed hash of pool, sub, purpose and code; contact and address are sealed beside it and compared.
    #[serde(with = "crate::bytes")]
    pub hash: Vec<u8>,
    /// What it was sent to.
    pub contact: Contact,
    /// The address it was sent to: a code proves this address only, not one that the user has changed to since.
    pub address: String,
    /// Whether it went out as a link: the page behind links takes only such codes.
    #[serde(default)]
    pub by_link: bool,
}

/// An action that is limited per user and hour (cognito-facts §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitedAction {
    /// ConfirmSignUp: 15.
    ConfirmSignUp,
    /// ResendConfirmationCode: 5.
    ResendConfirmationCode,
    /// ForgotPassword: 5.
    ForgotPassword,
    /// ConfirmForgotPassword: 15.
    ConfirmForgotPassword,
    /// ChangePassword: 5 wrong ones; right ones are not counted.
    ChangePassword,
    /// GetUserAttributeVerificationCode, and changes that send a code: 5.
    SendAttributeCode,
    /// VerifyUserAttribute: 15.
    VerifyUserAttribute,
}

impl LimitedAction {
    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfirmSignUp => "confirm_sign_up",
            Self::ResendConfirmationCode => "resend_confirmation_code",
            Self::ForgotPassword => "forgot_password",
            Self::ConfirmForgotPassword => "confirm_forgot_password",
            Self::ChangePassword => "change_password",
            Self::SendAttributeCode => "send_attribute_code",
            Self::VerifyUserAttribute => "verify_user_attribute",
        }
    }

    /// How often it may be done in one hour.
    #[must_use]
    pub fn per_hour(self) -> i64 {
        match self {
            Self::ConfirmSignUp | Self::ConfirmForgotPassword | Self::VerifyUserAttribute => 15,
            Self::ResendConfirmationCode
            | Self::ForgotPassword
            | Self::ChangePassword
            | Self::SendAttributeCode => 5,
        }
    }
}
