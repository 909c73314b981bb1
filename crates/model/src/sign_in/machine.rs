//! The machine: how a sign-in begins, and how each answer leads on.

use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp;

use super::facts::Facts;
use super::new_password::{self, NewPasswordAnswer};
use super::outcome::{Outcome, Refusal};
use super::password::{self, PasswordClaim};
use super::proof::Proof;
use super::step::{NewPasswordStep, Pending, Step};
use crate::user::UserStatus;

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

/// Goes on with a sign-in. The caller has consumed the step's row, or consumes it before it acts on
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

/// What follows once the password is proved. Only here an account's state comes to light, so that a
/// stranger learns nothing of it.
fn after_password(facts: &Facts<'_>) -> Outcome {
    let Some((user, credentials)) = facts.account.with_password() else {
        // Made-up credentials prove nothing, even to one who should hit upon them.
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
