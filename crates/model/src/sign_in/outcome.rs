//! What the sign-in machine decides.

use super::effect::Effect;
use super::need::Need;
use super::proof::Proof;
use super::step::Pending;
use crate::attribute::AttributeError;
use crate::password::PolicyViolation;

/// Where a sign-in has come to.
pub enum Outcome {
    /// The client is asked: the step waits for its answer, and is kept together with the changes.
    Ask(Pending, Vec<Effect>),
    /// Signed in; the session is stored together with the changes.
    SignedIn(Proof, Vec<Effect>),
    /// Refused.
    Refuse(Refusal),
    /// Not decided yet: the machine goes on once it knows more.
    Need(Need),
}

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
    /// The time of a claim is not written as it has to be, or far from now.
    Timestamp,
    /// The new password does not meet the policy.
    Policy(PolicyViolation),
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
        *self == Self::WrongPassword
    }

    /// Whether the step stays and may be answered again: only where the answer was of a wrong form
    /// and proved or guessed nothing.
    #[must_use]
    pub fn keeps_the_step(&self) -> bool {
        match self {
            Self::Timestamp
            | Self::Policy(_)
            | Self::Missing(_)
            | Self::Attribute(_)
            | Self::NotWritable(_)
            | Self::AlreadyProvided(_)
            | Self::WrongChallenge => true,
            Self::WrongPassword
            | Self::Locked
            | Self::Disabled
            | Self::NotConfirmed
            | Self::ResetRequired
            | Self::TemporaryPasswordExpired
            | Self::NoSuchStep => false,
        }
    }
}
