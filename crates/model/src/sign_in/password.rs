//! PASSWORD, and every other password in a request; one that the client proves by SRP is in
//! `password_verifier.rs`. Only here the hash of an imported user is verified, and once it is, it
//! makes room for a verifier.

use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp;
use serde::{Deserialize, Serialize};

use super::account::OwnedTarget;
use super::challenge::Challenge;
use super::effect::Effect;
use super::facts::Facts;
use super::outcome::{Outcome, Powers};
use super::refusal::Refusal;
use super::step::StepKind;
use super::turn::Turn;
use crate::name::NormalName;
use crate::password::Credentials;
use crate::user::User;

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
    if let Some((user, waiting)) = facts.account.with_hash() {
        return prove_by_hash(password, user, waiting.clone(), turn, facts);
    }
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

/// Checks a password of a user whose hash still waits. The right one leaves its verifier behind,
/// with the end of this step, if the user gets so far.
fn prove_by_hash(
    password: SecretString,
    user: &User,
    waiting: Credentials,
    mut turn: Turn,
    facts: &Facts<'_>,
) -> Outcome {
    let pool = facts.pool.id.clone();
    let name = NormalName::new(facts.pool, &user.username);
    let memory = waiting.hashing_memory();
    let settle = move |_: &mut _| {
        waiting
            .match_password(&pool, &password)
            .then(|| waiting.settled(&pool, &name, &password))
    };
    Powers::hashing(memory, settle, |settled, facts, _| {
        let is_right = settled.is_some();
        if let Some(settled) = settled {
            turn.change(Effect::SettlePassword(Box::new(settled)));
        }
        proved_or_wrong(is_right, turn, facts)
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
