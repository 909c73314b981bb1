//! What a step of a sign-in changes.

use cognate_crypto::secret::SecretBytes;
use cognate_crypto::webauthn::VerifiedAssertion;

use crate::attribute::Contact;
use crate::ids::DeviceKey;
use crate::passkey::CredentialId;
use crate::password::Credentials;
use crate::recovery_code::GoodCode;
use crate::software_token::VerifiedToken;
use crate::user::User;

/// A change that the machine asks for. The driver applies it in the transaction that ends the step;
/// what may have changed since the facts were read is looked at there once more.
#[derive(Clone)]
pub enum Effect {
    /// The user has a new password.
    SetPassword(Box<PasswordChange>),
    /// A password has met the hash that was imported with the user: its verifier takes the hash's
    /// place.
    SettlePassword(Box<Credentials>),
    /// A code of the user's app is used up.
    UseToken(UsedToken),
    /// The user has an app.
    SetUpToken(Box<NewToken>),
    /// A code has proved the user's address.
    ProveAddress(Box<ProvedAddress>),
    /// A passkey was used.
    UsePasskey(PasskeyUse),
    /// A device was proved, and was used now. It must not have been forgotten since.
    UseDevice(DeviceUse),
    /// A recovery code is used up.
    UseRecoveryCode(GoodCode),
}

/// A use of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceUse {
    /// Its key.
    pub key: DeviceKey,
    /// Whether a second factor was proved as well.
    pub after_second_factor: bool,
}

/// A use of a passkey.
#[derive(Clone)]
pub struct PasskeyUse {
    /// Which one.
    pub id: CredentialId,
    /// What its response told.
    pub verified: VerifiedAssertion,
}

/// A password that was set in a sign-in.
#[derive(Clone)]
pub struct PasswordChange {
    /// The user, confirmed, with the attributes of the answer.
    pub user: User,
    /// The new password's credentials.
    pub credentials: Credentials,
}

/// A code of an authenticator app that was right.
#[derive(Clone)]
pub struct UsedToken {
    /// The secret that it is a code of.
    pub secret: SecretBytes,
    /// Its step.
    pub step: i64,
}

/// An app that was set up in a sign-in, by a user who has no second factor.
#[derive(Clone)]
pub struct NewToken {
    /// The user, who has chosen it.
    pub user: User,
    /// The app.
    pub app: VerifiedToken,
    /// The step whose code it has shown.
    pub step: i64,
}

/// An address that a code has come back from.
#[derive(Clone)]
pub struct ProvedAddress {
    /// The user, whose address is verified.
    pub user: User,
    /// Which address.
    pub contact: Contact,
    /// Whether it was set up in this sign-in, by a user who has no second factor.
    pub is_new: bool,
}

impl Effect {
    /// The user as this leaves them, if it changes them.
    #[must_use]
    pub fn changed_user(&self) -> Option<&User> {
        match self {
            Self::SetPassword(change) => Some(&change.user),
            Self::SetUpToken(new) => Some(&new.user),
            Self::ProveAddress(proved) => Some(&proved.user),
            Self::SettlePassword(_)
            | Self::UseToken(_)
            | Self::UsePasskey(_)
            | Self::UseDevice(_)
            | Self::UseRecoveryCode(_) => None,
        }
    }
}
