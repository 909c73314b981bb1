//! PASSWORD_SRP: the client chose to prove the password by SRP, and has not begun yet
//! (docs/protocol.md §17.3).

use cognate_crypto::random::Random;
use cognate_crypto::srp;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::facts::Facts;
use super::outcome::Outcome;
use super::password_verifier;
use super::step::StepKind;
use super::turn::Turn;

/// SRP was chosen.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasswordSrp {}

/// Asks for the client's public value.
pub(super) fn ask(turn: Turn, facts: &Facts<'_>) -> Outcome {
    Outcome::ask(
        turn,
        &PasswordSrp {},
        facts.client.auth_session_validity(),
        facts,
    )
}

impl StepKind for PasswordSrp {
    const NAME: &'static str = "password_srp";
}

impl Challenge for PasswordSrp {
    type Answer = Box<srp::ClientPublic>;

    fn answer(
        self,
        client_public: Self::Answer,
        turn: Turn,
        facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        password_verifier::ask(*client_public, turn, facts)
    }
}
