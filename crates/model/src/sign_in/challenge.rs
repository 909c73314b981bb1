//! What every challenge of the machine is.

use cognate_crypto::random::Random;

use super::facts::Facts;
use super::outcome::Outcome;
use super::step::StepKind;
use super::turn::Turn;

/// A challenge: the step that waits for its answer. The step's type carries the type of its answer,
/// so no other answer can be given to it.
pub trait Challenge: StepKind {
    /// What a client answers.
    type Answer: Send + 'static;

    /// What an answer leads to. The machine has found that step and answer belong to one user, app
    /// client and pool, that the answer is in time, and that no lock stands.
    fn answer(
        self,
        answer: Self::Answer,
        turn: Turn,
        facts: &Facts<'_>,
        random: &mut Random,
    ) -> Outcome;
}
