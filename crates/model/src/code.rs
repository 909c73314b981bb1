//! Codes that go out by mail or SMS: their purpose, their lifetime, and how many guesses they take.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::attribute::Contact;

/// The purpose of a code. The code's hash includes it, so a code of one purpose is worth nothing
/// for another.
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

/// Wrong guesses that one code takes from one place: a network address, or a caller that counts as
/// one. The next guess from there is refused, right or wrong.
pub const MAX_GUESSES: i64 = 5;

/// Wrong guesses that one code takes from all places together. The number is high, so that no
/// stranger ends somebody's code from a few addresses. The daily limit ([`LimitedAction::for_all`])
/// keeps six digits safe, whatever the number of codes and addresses.
pub const MAX_GUESSES_FROM_EVERYWHERE: i64 = 50;

impl CodePurpose {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::ConfirmSignUp,
        Self::ResetPassword,
        Self::VerifyEmail,
        Self::VerifyPhoneNumber,
    ];

    /// Whether a code ends when the account's status changes.
    #[must_use]
    pub fn ends_with_status(self) -> bool {
        match self {
            Self::ConfirmSignUp | Self::ResetPassword => true,
            Self::VerifyEmail | Self::VerifyPhoneNumber => false,
        }
    }

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

    /// How long a code lives: 24 hours, or one hour for a password reset (docs/protocol.md §9.1).
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

/// The stored form of a code that was sent: sealed, under (pool, sub, purpose).
#[derive(Clone, Serialize, Deserialize)]
pub struct PendingCode {
    /// Keyed hash of pool, sub, purpose and code. Contact and address are sealed beside it and
    /// compared too.
    #[serde(with = "crate::bytes")]
    pub hash: Vec<u8>,
    /// What it was sent to.
    pub contact: Contact,
    /// The address that it was sent to. The code proves this address only, not one that the user
    /// has set since.
    pub address: String,
    /// Whether it went out as a link. The page behind links accepts only such codes.
    #[serde(default)]
    pub by_link: bool,
    /// How often the user asked for another and none was sent, because the address had received all
    /// its messages.
    #[serde(default)]
    pub reissues: u32,
}

/// A limited action. Cognate counts it by user and place, and by user alone with a larger limit, so
/// that a stranger at one place does not use up what the user needs. Operators' actions count
/// apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitedAction {
    /// ConfirmSignUp: a guess.
    ConfirmSignUp,
    /// ResendConfirmationCode: a message.
    ResendConfirmationCode,
    /// ForgotPassword: a message.
    ForgotPassword,
    /// ConfirmForgotPassword: a guess.
    ConfirmForgotPassword,
    /// ChangePassword with a wrong password; right ones are not counted.
    ChangePassword,
    /// GetUserAttributeVerificationCode, and changes that send a code: messages.
    SendAttributeCode,
    /// VerifyUserAttribute: a guess.
    VerifyUserAttribute,
    /// VerifySoftwareToken: a guess.
    VerifySoftwareToken,
    /// A new list of recovery codes.
    MakeRecoveryCodes,
    /// AdminResetUserPassword: a message.
    AdminResetUserPassword,
}

/// So many in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub number: i64,
    /// In how long.
    pub window: Duration,
}

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

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
            Self::VerifySoftwareToken => "verify_software_token",
            Self::MakeRecoveryCodes => "make_recovery_codes",
            Self::AdminResetUserPassword => "admin_reset_user_password",
        }
    }

    /// How often one place may do it to one user: Cognito's limits for a user and hour
    /// (docs/protocol.md §9.2), and for guesses a limit for a day besides.
    #[must_use]
    pub fn from_one_place(self) -> &'static [Sum] {
        const GUESSES: [Sum; 2] = [Sum::of(15, HOUR), Sum::of(30, DAY)];
        const OTHERS: [Sum; 1] = [Sum::of(5, HOUR)];
        if self.is_guess() { &GUESSES } else { &OTHERS }
    }

    /// How often all places together may do it to one user.
    ///
    /// 200 guesses a day make six digits safe, whatever the number of codes and addresses. Whoever
    /// guesses for a whole day hits with a chance of 200 in a million, and within 24 hours across
    /// two windows with twice that. Seven places have to guess all day to reach the limit.
    #[must_use]
    pub fn for_all(self) -> Sum {
        if self.is_guess() {
            Sum::of(200, DAY)
        } else {
            Sum::of(20, HOUR)
        }
    }

    /// Whether it is a guess at six digits.
    fn is_guess(self) -> bool {
        match self {
            Self::ConfirmSignUp
            | Self::ConfirmForgotPassword
            | Self::VerifyUserAttribute
            | Self::VerifySoftwareToken => true,
            Self::ResendConfirmationCode
            | Self::ForgotPassword
            | Self::ChangePassword
            | Self::SendAttributeCode
            | Self::MakeRecoveryCodes
            | Self::AdminResetUserPassword => false,
        }
    }
}

impl Sum {
    /// So many in such a time.
    #[must_use]
    pub const fn of(number: i64, window: Duration) -> Self {
        Self { number, window }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_place_may_do_is_a_fraction_of_what_all_may_do() {
        for action in [
            LimitedAction::ConfirmSignUp,
            LimitedAction::ForgotPassword,
            LimitedAction::ChangePassword,
        ] {
            let all = action.for_all();
            for one in action.from_one_place() {
                assert!(one.number * 4 <= all.number && one.window <= all.window);
            }
        }
        const { assert!(MAX_GUESSES * 4 <= MAX_GUESSES_FROM_EVERYWHERE) };
    }
}
