//! Why a sign-in is refused, and what that leads to.

use cognate_crypto::webauthn;

use crate::attribute::AttributeError;
use crate::factor::Factor;
use crate::passkey::CredentialId;
use crate::password::PolicyViolation;

/// So many wrong codes a step takes; with the last of them it is used up.
pub const MAX_GUESSES: i64 = 5;

/// Why a sign-in is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The name and the password do not go together, whichever is wrong.
    WrongPassword,
    /// Too many failures: refused without a look at the password.
    Locked,
    /// The account is disabled.
    Disabled,
    /// The sign-up is not confirmed.
    NotConfirmed,
    /// The password must be reset first.
    ResetRequired,
    /// The temporary password has run out.
    TemporaryPasswordExpired,
    /// The answer does not belong to a challenge of this user, client and pool, or comes too late.
    NoSuchStep,
    /// The challenge is of another kind than the answer.
    WrongChallenge,
    /// The code of that factor is another.
    WrongCode(Factor),
    /// The code of the app is right, and was used before.
    UsedCode,
    /// The user has no authenticator app any more.
    NoSoftwareToken,
    /// The second factor that is to be set up is not set up yet.
    NotSetUp,
    /// The answer chooses what was not offered.
    NotOffered,
    /// The pool's own code names a challenge that cannot be asked.
    NoSuchChallenge,
    /// The device that the answer names is none of the user's.
    UnknownDevice,
    /// A second factor is needed, and there is none that the user has.
    NoSecondFactor,
    /// The access token is not that of a session of this user at this app client.
    AnothersToken,
    /// The session of the access token has reached the level already.
    TargetMet,
    /// None of the levels can be reached with what the user has.
    TargetOutOfReach,
    /// The passkey is none of those that were asked for, or its response is refused.
    WrongPasskey(Option<webauthn::Refusal>),
    /// The passkey's counter has gone back, though its signature is right: there are two of it.
    CopiedPasskey(CredentialId),
    /// The time of a claim is not written as it has to be, or far from now.
    Timestamp,
    /// The new password does not meet the policy.
    Policy(PolicyViolation),
    /// The new password is one of the user's last ones.
    UsedBefore,
    /// Required attributes that neither the user has nor the answer gives.
    Missing(Vec<String>),
    /// An attribute of the answer cannot be taken.
    Attribute(AttributeError),
    /// The app client may not write that attribute.
    NotWritable(String),
    /// The user has that address already, and it cannot be changed in a challenge.
    AlreadyProvided(&'static str),
}

impl Refusal {
    /// Whether it counts towards the lock.
    #[must_use]
    pub fn counts_as_failure(&self) -> bool {
        *self == Self::WrongPassword || self.is_a_guess()
    }

    /// Whether the step stays and may be answered again. An answer of a wrong form proves and
    /// guesses nothing; of guesses a step takes a few ([`MAX_GUESSES`]).
    #[must_use]
    pub fn keeps_the_step(&self) -> bool {
        match self {
            Self::Timestamp
            | Self::Policy(_)
            | Self::UsedBefore
            | Self::Missing(_)
            | Self::Attribute(_)
            | Self::NotWritable(_)
            | Self::AlreadyProvided(_)
            | Self::WrongCode(_)
            | Self::UsedCode
            | Self::NotSetUp
            | Self::NotOffered
            | Self::UnknownDevice
            | Self::WrongChallenge => true,
            Self::WrongPassword
            | Self::Locked
            | Self::Disabled
            | Self::NotConfirmed
            | Self::ResetRequired
            | Self::TemporaryPasswordExpired
            | Self::NoSecondFactor
            | Self::AnothersToken
            | Self::TargetMet
            | Self::TargetOutOfReach
            | Self::NoSoftwareToken
            | Self::WrongPasskey(_)
            | Self::CopiedPasskey(_)
            | Self::NoSuchChallenge
            | Self::NoSuchStep => false,
        }
    }

    /// The passkey of which there seem to be two.
    #[must_use]
    pub fn copied_passkey(&self) -> Option<&CredentialId> {
        match self {
            Self::CopiedPasskey(id) => Some(id),
            _ => None,
        }
    }

    /// Whether it was a guess: at a code, or at a password that the user had before.
    #[must_use]
    pub fn is_a_guess(&self) -> bool {
        matches!(self, Self::WrongCode(_) | Self::UsedCode | Self::UsedBefore)
    }
}
