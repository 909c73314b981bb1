//! SELECT_MFA_TYPE: the user chooses among several second factors (docs/protocol.md §15.4).

use cognate_crypto::random::Random;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::facts::Facts;
use super::mfa_challenge;
use super::outcome::Outcome;
use super::refusal::Refusal;
use super::step::StepKind;
use super::turn::Turn;
use crate::second_factor::SecondFactor;

/// A choice that is offered.
#[derive(Clone, Serialize, Deserialize)]
pub struct SelectMfaType {
    /// What is offered.
    pub choices: Vec<SecondFactor>,
}

/// Offers the choice.
pub(super) fn ask(choices: Vec<SecondFactor>, turn: Turn, facts: &Facts<'_>) -> Outcome {
    let validity = facts.client.auth_session_validity();
    Outcome::ask(turn, &SelectMfaType { choices }, validity, facts)
}

impl StepKind for SelectMfaType {
    const NAME: &'static str = "select_mfa_type";
}

impl Challenge for SelectMfaType {
    type Answer = SecondFactor;

    fn answer(
        self,
        chosen: SecondFactor,
        turn: Turn,
        facts: &Facts<'_>,
        random: &mut Random,
    ) -> Outcome {
        if self.choices.contains(&chosen) {
            mfa_challenge::ask(chosen, turn, facts, random)
        } else {
            Outcome::Refuse(Refusal::NotOffered)
        }
    }
}
