//! SELECT_CHALLENGE: the user chooses what to begin with (docs/protocol.md §5.13).

use cognate_crypto::random::Random;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::choice::{self, Choice, FirstChallenge};
use super::facts::Facts;
use super::outcome::{Outcome, Refusal};
use super::turn::Turn;

/// A choice that is offered.
#[derive(Clone, Serialize, Deserialize)]
pub struct SelectChallenge {
    /// What is offered.
    pub available: Vec<FirstChallenge>,
}

/// Offers the choice.
pub(super) fn ask(available: Vec<FirstChallenge>, turn: Turn, facts: &Facts<'_>) -> Outcome {
    let validity = facts.client.auth_session_validity();
    turn.ask(SelectChallenge { available }, validity, facts)
}

impl Challenge for SelectChallenge {
    type Answer = Choice;

    fn answer(
        self,
        chosen: Choice,
        turn: Turn,
        _facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        let is_offered = |challenge| self.available.contains(&challenge);
        if chosen.challenge.is_some_and(is_offered) {
            choice::begin(chosen, turn)
        } else {
            Outcome::Refuse(Refusal::NotOffered)
        }
    }
}
