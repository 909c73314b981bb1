//! A recovery code in place of a second factor, whichever challenge asks for that one.

use cognate_crypto::random::Random;

use super::effect::Effect;
use super::facts::Facts;
use super::outcome::{Asked, Need, Outcome};
use super::refusal::Refusal;
use super::turn::Turn;
use crate::factor::Factor;
use crate::recovery_code::{GoodCode, RecoveryCode};

/// Goes on with what can be a recovery code, typed where a code of this factor was asked for. A
/// wrong one is a wrong code of that factor.
pub(super) fn prove(code: RecoveryCode, asked_for: Factor, mut turn: Turn) -> Outcome {
    let go_on = move |found: Option<GoodCode>, facts: &Facts<'_>, _: &mut Random| match found {
        Some(good) => {
            turn.prove(Factor::RecoveryCode, facts.now);
            turn.change(Effect::UseRecoveryCode(good));
            Outcome::Proved(turn)
        }
        None => Outcome::Refuse(Refusal::WrongCode(asked_for)),
    };
    Outcome::Need(Need::RecoveryCode(Asked::new(code, go_on)))
}
