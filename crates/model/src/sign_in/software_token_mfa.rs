//! SOFTWARE_TOKEN_MFA: a code of an authenticator app, after another factor (docs/protocol.md
//! §5.13).

use cognate_crypto::random::Random;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::effect::{Effect, UsedToken};
use super::facts::Facts;
use super::need::{Asked, KnownToken, Need};
use super::outcome::{Outcome, Refusal};
use super::proceed::proceed;
use super::progress::Factor;
use super::sent_code::TypedCode;
use super::turn::Turn;
use crate::software_token::RefusedToken;

/// A code of the user's app is asked for.
#[derive(Clone, Serialize, Deserialize)]
pub struct SoftwareTokenMfa {
    /// What the user calls the app.
    #[serde(default)]
    pub name: String,
}

/// Asks for a code of the user's app.
pub(super) fn ask(turn: Turn) -> Outcome {
    known(|known, facts, _| match known.token.verified {
        Some(app) => {
            let step = SoftwareTokenMfa { name: app.name };
            turn.ask(step, facts.client.auth_session_validity(), facts)
        }
        None => Outcome::Refuse(Refusal::NoSoftwareToken),
    })
}

/// Looks up the user's app.
pub(super) fn known(
    then: impl FnOnce(KnownToken, &Facts<'_>, &mut Random) -> Outcome + Send + 'static,
) -> Outcome {
    Outcome::Need(Need::SoftwareToken(Asked::new((), then)))
}

impl Challenge for SoftwareTokenMfa {
    type Answer = TypedCode;

    fn answer(
        self,
        typed: TypedCode,
        mut turn: Turn,
        _facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        known(move |known, facts, random| {
            let code = typed.0.expose().trim();
            let step = known.token.check(code, known.last_step, facts.now);
            match (step, known.token.verified) {
                (Ok(step), Some(app)) => {
                    turn.prove(Factor::SoftwareToken, facts.now);
                    let used = UsedToken {
                        secret: app.secret,
                        step,
                    };
                    turn.change(Effect::UseToken(used));
                    proceed(turn, facts, random)
                }
                (Err(RefusedToken::Used), _) => Outcome::Refuse(Refusal::UsedCode),
                (Err(RefusedToken::Mismatch), _) => {
                    Outcome::Refuse(Refusal::WrongCode(Factor::SoftwareToken))
                }
                (Err(RefusedToken::NoSecret), _) | (Ok(_), None) => {
                    Outcome::Refuse(Refusal::NoSoftwareToken)
                }
            }
        })
    }
}
