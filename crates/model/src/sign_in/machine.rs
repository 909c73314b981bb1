//! The machine: how a sign-in begins, and how each answer leads on.

use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp;

use super::challenge::Challenge;
use super::choice::{self, Choice};
use super::facts::Facts;
use super::outcome::{Outcome, Refusal};
use super::progress::Way;
use super::step::Pending;
use super::turn::Turn;
use super::{password, password_verifier};

/// How a sign-in begins.
pub enum Flow {
    /// USER_SRP_AUTH with the client's public value.
    Srp(Box<srp::ClientPublic>),
    /// USER_PASSWORD_AUTH and ADMIN_USER_PASSWORD_AUTH.
    Password(SecretString),
    /// USER_AUTH, with what the client prefers.
    Choice(Choice),
}

impl Flow {
    /// How it is told in what follows.
    #[must_use]
    pub fn way(&self) -> Way {
        match self {
            Self::Srp(_) => Way::Srp,
            Self::Password(_) => Way::Password,
            Self::Choice(_) => Way::Choice,
        }
    }
}

/// Begins a sign-in.
#[must_use]
pub fn start(flow: Flow, facts: &Facts<'_>) -> Outcome {
    if facts.lockout.is_locked(facts.now) {
        return Outcome::Refuse(Refusal::Locked);
    }
    let turn = Turn::first(flow.way());
    match flow {
        Flow::Srp(client_public) => password_verifier::ask(*client_public, turn, facts),
        Flow::Password(password) => password::prove(password, turn, facts),
        Flow::Choice(choice) => choice::begin(choice, turn),
    }
}

/// Goes on with a sign-in. The caller has consumed the step's row, or consumes it before it acts on
/// the outcome.
#[must_use]
pub fn answer<C: Challenge>(
    pending: Pending,
    answer: C::Answer,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    if !pending.belongs_to(facts) || pending.expires_at <= facts.now {
        return Outcome::Refuse(Refusal::NoSuchStep);
    }
    if facts.lockout.is_locked(facts.now) {
        return Outcome::Refuse(Refusal::Locked);
    }
    let turn = Turn::after(pending.progress);
    match C::try_from(pending.step) {
        Ok(challenge) => challenge.answer(answer, turn, facts, random),
        Err(_) => Outcome::Refuse(Refusal::WrongChallenge),
    }
}
