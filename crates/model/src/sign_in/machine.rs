//! The machine: how a sign-in begins, and how each answer leads on.

use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp;

use super::challenge::Challenge;
use super::choice::Choice;
use super::facts::Facts;
use super::outcome::Outcome;
use super::progress::Way;
use super::refusal::Refusal;
use super::step::Pending;
use super::step_up::{self, StepUp};
use super::turn::Turn;
use super::{custom_challenge, password, password_verifier, select_challenge};

/// How a sign-in begins.
pub enum Flow {
    /// USER_SRP_AUTH with the client's public value.
    Srp(Box<srp::ClientPublic>),
    /// USER_PASSWORD_AUTH and ADMIN_USER_PASSWORD_AUTH.
    Password(SecretString),
    /// USER_AUTH, with what the client prefers.
    Choice(Choice),
    /// USER_AUTH, to reach a level.
    StepUp(Box<StepUp>),
    /// CUSTOM_AUTH, perhaps with a password first that is proved by SRP.
    Custom(Option<Box<srp::ClientPublic>>),
}

impl Flow {
    /// How it is told in what follows.
    #[must_use]
    pub fn way(&self) -> Way {
        match self {
            Self::Srp(_) => Way::Srp,
            Self::Password(_) => Way::Password,
            Self::Choice(_) | Self::StepUp(_) => Way::Choice,
            Self::Custom(_) => Way::Custom,
        }
    }
}

/// Begins a sign-in.
#[must_use]
pub fn start(flow: Flow, facts: &Facts<'_>) -> Outcome {
    if facts.lockout.is_locked(facts.now) {
        return Outcome::Refuse(Refusal::Locked);
    }
    let mut turn = Turn::first(flow.way());
    turn.progress.device = facts.device.cloned();
    match flow {
        Flow::Srp(client_public) => password_verifier::ask(*client_public, turn, facts),
        Flow::Password(password) => password::prove(password, turn, facts),
        Flow::Choice(choice) => select_challenge::begin(choice, turn),
        Flow::StepUp(step_up) => step_up::begin(*step_up, turn, facts),
        Flow::Custom(client_public) => custom_challenge::begin(client_public, turn, facts),
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
    match pending.step.read::<C>() {
        Some(challenge) => {
            let mut turn = Turn::after(pending.progress);
            turn.name_device(facts);
            challenge.answer(answer, turn, facts, random)
        }
        None => Outcome::Refuse(Refusal::WrongChallenge),
    }
}
