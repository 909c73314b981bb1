//! The sign-in machine: the one place that decides whether somebody is signed in, for every
//! endpoint.
//!
//! It is pure. [`start`] begins a sign-in and [`answer`] goes on with one; each consumes what it is
//! given and returns an [`Outcome`]. The driver (service/sign_in) reads the facts, keeps a
//! [`Pending`] step sealed until its answer comes, and does what an outcome asks for. Only this
//! module can make a [`Proof`], and tokens are issued for nothing else.
//!
//! An unknown user takes the same path as a known one with a wrong password, with credentials
//! derived from a secret of the server: the same challenges, the same work, the same refusal.

mod account;
mod new_password;
mod password;
mod step;

#[cfg(test)]
mod tests;

use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp;

pub use account::{Account, Decoy};
pub use new_password::{NewPasswordAnswer, PasswordChange};
pub use password::{PasswordClaim, SECRET_BLOCK_VALIDITY};
pub use step::{Holder, NewPasswordStep, PasswordStep, Pending, Step};

use crate::app_client::AppClient;
use crate::attribute::AttributeError;
use crate::ids::{ClientId, Sub, UserPoolId};
use crate::lockout::Lockout;
use crate::password::PolicyViolation;
use crate::time::Timestamp;
use crate::user_pool::UserPool;

/// The facts at the time of a request, read once.
pub struct Facts<'a> {
    /// The pool.
    pub pool: &'a UserPool,
    /// The app client.
    pub client: &'a AppClient,
    /// Who the name belongs to.
    pub account: Account<'a>,
    /// The failures of that name so far.
    pub lockout: Lockout,
    /// Now.
    pub now: Timestamp,
}

/// How a sign-in begins.
pub enum Flow<'a> {
    /// USER_SRP_AUTH with the client's public value.
    Srp(&'a srp::ClientPublic),
    /// USER_PASSWORD_AUTH and ADMIN_USER_PASSWORD_AUTH.
    Password(&'a SecretString),
}

/// An answer to a challenge.
pub enum Answer<'a> {
    /// To PASSWORD_VERIFIER.
    PasswordClaim(PasswordClaim<'a>),
    /// To NEW_PASSWORD_REQUIRED.
    NewPassword(NewPasswordAnswer<'a>),
}

/// Where a sign-in has come to.
pub enum Outcome {
    /// The client gets a challenge, and the step waits for its answer.
    Ask(Pending),
    /// Signed in. The caller stores the proof's change together with the session.
    SignedIn(Proof),
    /// Refused.
    Refuse(Refusal),
}

/// Why a sign-in is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The password is not the name's, whichever of the two is wrong.
    WrongPassword,
    /// Too many failures: refused before the password is checked.
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
    /// A claim's TIMESTAMP is malformed, or far from now.
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

    /// Whether the step stays and may be answered again: only if the answer was malformed and
    /// proved or guessed nothing.
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

/// Proof that a user has signed in. Only this module makes one, and [`crate::TokenSession::begin`]
/// consumes it: there is no other way to a new session.
pub struct Proof {
    pool: UserPoolId,
    client: ClientId,
    sub: Sub,
    at: Timestamp,
    change: Option<PasswordChange>,
}

impl Proof {
    /// User, pool, client and time of the sign-in, and the change to be stored with it.
    pub(crate) fn into_parts(self) -> ProofParts {
        ProofParts {
            pool: self.pool,
            client: self.client,
            sub: self.sub,
            at: self.at,
            change: self.change,
        }
    }

    /// The user.
    #[must_use]
    pub fn sub(&self) -> &Sub {
        &self.sub
    }
}

/// A consumed [`Proof`].
pub(crate) struct ProofParts {
    /// The pool.
    pub(crate) pool: UserPoolId,
    /// The app client.
    pub(crate) client: ClientId,
    /// The user.
    pub(crate) sub: Sub,
    /// When the last factor was proved.
    pub(crate) at: Timestamp,
    /// The new password that the sign-in has set.
    pub(crate) change: Option<PasswordChange>,
}

/// Begins a sign-in.
#[must_use]
pub fn start(flow: Flow<'_>, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    if facts.lockout.is_locked(facts.now) {
        return Outcome::Refuse(Refusal::Locked);
    }
    match flow {
        Flow::Srp(client_public) => password::challenge(client_public, facts, random),
        Flow::Password(password) => {
            if password::matches(password, facts) {
                after_password(facts)
            } else {
                Outcome::Refuse(Refusal::WrongPassword)
            }
        }
    }
}

/// Continues a sign-in. The caller has consumed the step's row, or consumes it before it acts on
/// the outcome.
#[must_use]
pub fn answer(
    pending: &Pending,
    answer: Answer<'_>,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    if !pending.belongs_to(facts) || pending.expires_at <= facts.now {
        return Outcome::Refuse(Refusal::NoSuchStep);
    }
    if facts.lockout.is_locked(facts.now) {
        return Outcome::Refuse(Refusal::Locked);
    }
    match (&pending.step, answer) {
        (Step::PasswordVerifier(step), Answer::PasswordClaim(claim)) => {
            if !claim.is_recent(facts.now) {
                Outcome::Refuse(Refusal::Timestamp)
            } else if password::claim_holds(step, &claim, facts) {
                after_password(facts)
            } else {
                Outcome::Refuse(Refusal::WrongPassword)
            }
        }
        (Step::NewPasswordRequired(step), Answer::NewPassword(answer)) => {
            new_password::accept(step, &answer, facts, random)
        }
        (Step::PasswordVerifier(_) | Step::NewPasswordRequired(_), _) => {
            Outcome::Refuse(Refusal::WrongChallenge)
        }
    }
}

/// The outcome once the password is proved. An account's state shows only here, so strangers learn
/// nothing of it.
fn after_password(facts: &Facts<'_>) -> Outcome {
    use crate::user::UserStatus;
    let Some((user, credentials)) = facts.account.with_password() else {
        // Made-up credentials prove nothing, even to somebody who happens to match them.
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    if !user.enabled {
        return Outcome::Refuse(Refusal::Disabled);
    }
    match user.status {
        UserStatus::Unconfirmed => Outcome::Refuse(Refusal::NotConfirmed),
        UserStatus::ResetRequired => Outcome::Refuse(Refusal::ResetRequired),
        UserStatus::ForceChangePassword
            if credentials
                .temporary_until
                .is_some_and(|until| until <= facts.now) =>
        {
            Outcome::Refuse(Refusal::TemporaryPasswordExpired)
        }
        UserStatus::ForceChangePassword => Outcome::Ask(Pending::new(
            facts,
            Step::NewPasswordRequired(NewPasswordStep::for_credentials(credentials)),
            facts.client.auth_session_validity(),
        )),
        UserStatus::Confirmed => Outcome::SignedIn(Proof {
            pool: facts.pool.id.clone(),
            client: facts.client.id.clone(),
            sub: user.sub.clone(),
            at: facts.now,
            change: None,
        }),
    }
}
