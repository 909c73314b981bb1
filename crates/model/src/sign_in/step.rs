//! The step that waits in the database between a challenge and its answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::account::Account;
use super::confirmed_sign_up::ConfirmedSignUp;
use super::email_otp::EmailOtp;
use super::facts::Facts;
use super::mfa_setup::MfaSetup;
use super::new_password_required::NewPasswordRequired;
use super::password::Password;
use super::password_srp::PasswordSrp;
use super::password_verifier::PasswordVerifier;
use super::progress::Progress;
use super::select_challenge::SelectChallenge;
use super::select_mfa_type::SelectMfaType;
use super::sms_mfa::SmsMfa;
use super::sms_otp::SmsOtp;
use super::software_token_mfa::SoftwareTokenMfa;
use super::web_authn::WebAuthn;
use crate::ids::{ClientId, Sub, UserPoolId};
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
    /// What was proved before; a step that an older version has kept says nothing of it.
    #[serde(default)]
    pub progress: Progress,
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

/// Names the challenges. The step of each has the challenge's name, and its type is in the
/// challenge's own file.
macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The state of a sign-in, with the data that its next answer needs.
        #[derive(Clone, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Step {
            $($(#[$doc])* $name($name),)*
        }

        $(impl From<$name> for Step {
            fn from(step: $name) -> Self {
                Self::$name(step)
            }
        }

        impl TryFrom<Step> for $name {
            /// The step, which is of another challenge.
            type Error = Step;

            fn try_from(step: Step) -> Result<Self, Step> {
                match step {
                    Step::$name(step) => Ok(step),
                    other => Err(other),
                }
            }
        })*
    };
}

steps! {
    /// An SRP exchange whose first half is done.
    PasswordVerifier,
    /// The temporary password is proved, and a new one is asked for.
    NewPasswordRequired,
    /// A code was sent by text message, after another factor.
    SmsMfa,
    /// A code was sent by mail.
    EmailOtp,
    /// A choice of second factors is offered.
    SelectMfaType,
    /// A choice of what to begin with is offered.
    SelectChallenge,
    /// The client chose to send the password.
    Password,
    /// The client chose to prove the password by SRP.
    PasswordSrp,
    /// A code was sent by text message, as the first factor.
    SmsOtp,
    /// A passkey is asked for.
    WebAuthn,
    /// A sign-up was just confirmed.
    ConfirmedSignUp,
    /// A code of the user's app is asked for.
    SoftwareTokenMfa,
    /// A second factor is to be set up.
    MfaSetup,
}

impl Pending {
    pub(super) fn new(
        facts: &Facts<'_>,
        step: Step,
        progress: Progress,
        validity: Duration,
    ) -> Self {
        Self {
            pool: facts.pool.id.clone(),
            client: facts.client.id.clone(),
            holder: Holder::of(&facts.account),
            step,
            progress,
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
            Account::Unknown(sub, _) => Self::Nobody((*sub).clone()),
        }
    }
}
