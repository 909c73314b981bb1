//! PASSWORD, and every other password in a request; one that the client proves by SRP is in
//! `password_verifier.rs`.

use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp;
use serde::{Deserialize, Serialize};

use super::account::OwnedTarget;
use super::challenge::Challenge;
use super::facts::Facts;
use super::outcome::{Outcome, Powers};
use super::refusal::Refusal;
use super::step::StepKind;
use super::turn::Turn;

/// The client chose to send the password.
#[derive(Clone, Serialize, Deserialize)]
pub struct Password {}

/// Asks for the password.
pub(super) fn ask(turn: Turn, facts: &Facts<'_>) -> Outcome {
    Outcome::ask(
        turn,
        &Password {},
        facts.client.auth_session_validity(),
        facts,
    )
}

impl StepKind for Password {
    const NAME: &'static str = "password";
}

impl Challenge for Password {
    type Answer = SecretString;

    fn answer(
        self,
        password: SecretString,
        turn: Turn,
        facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        prove(password, turn, facts)
    }
}

/// Checks a password in the request. Made-up credentials cost the same and match nothing.
pub(super) fn prove(password: SecretString, turn: Turn, facts: &Facts<'_>) -> Outcome {
    let Some(target) = facts.account.target() else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    let pool_name = facts.pool.id.srp_name().to_owned();
    let matches = move |_: &mut _| {
        let OwnedTarget {
            salt,
            verifier,
            user_id,
        } = target;
        srp::password_matches(&pool_name, &user_id, &password, &salt, &verifier)
    };
    Powers::of(matches, |matches, facts, _| {
        proved_or_wrong(matches, turn, facts)
    })
}

/// Goes on once it is known whether the password is right.
pub(super) fn proved_or_wrong(is_right: bool, mut turn: Turn, facts: &Facts<'_>) -> Outcome {
    // Made-up credentials prove nothing, even to one who should hit upon them.
    let proved = facts.account.with_password().filter(|_| is_right);
    let Some((_, credentials)) = proved else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    turn.prove_password(&credentials.salt, facts.now);
    Outcome::Proved(turn)
}
