//! SOFTWARE_TOKEN_MFA: a code of an authenticator app, after another factor (docs/protocol.md
//! §15.1).

use cognate_crypto::random::Random;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::effect::{Effect, UsedToken};
use super::facts::Facts;
use super::outcome::{Asked, Need, Outcome};
use super::questions::KnownToken;
use super::recovery_code;
use super::refusal::Refusal;
use super::sent_code::TypedCode;
use super::step::StepKind;
use super::turn::Turn;
use crate::factor::Factor;
use crate::recovery_code::RecoveryCode;
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
            Outcome::ask(turn, &step, facts.client.auth_session_validity(), facts)
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

impl StepKind for SoftwareTokenMfa {
    const NAME: &'static str = "software_token_mfa";
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
        if let Some(code) = RecoveryCode::parse(typed.0.expose()) {
            return recovery_code::prove(code, Factor::SoftwareToken, turn);
        }
        known(move |known, facts, _| {
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
                    Outcome::Proved(turn)
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
