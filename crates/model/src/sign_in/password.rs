//! The password factor: a password in the request, or one that the client proves by SRP
//! (`password_verifier.rs`).

use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp;

use super::account::OwnedTarget;
use super::facts::Facts;
use super::need::Powers;
use super::outcome::{Outcome, Refusal};
use super::proceed::proceed;
use super::turn::Turn;

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
    Powers::of(matches, |matches, facts, random| {
        proved_or_wrong(matches, turn, facts, random)
    })
}

/// Goes on once it is known whether the password is right.
pub(super) fn proved_or_wrong(
    is_right: bool,
    mut turn: Turn,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    // Made-up credentials prove nothing, even to one who should hit upon them.
    let proved = facts.account.with_password().filter(|_| is_right);
    let Some((_, credentials)) = proved else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    turn.prove_password(&credentials.salt, facts.now);
    proceed(turn, facts, random)
}
