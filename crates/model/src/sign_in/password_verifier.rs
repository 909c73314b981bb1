//! PASSWORD_VERIFIER: the password, proved by SRP (RFC 5054 with Cognito's key derivation,
//! docs/protocol.md §3).

use cognate_crypto::random::Random;
use cognate_crypto::srp;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::facts::Facts;
use super::outcome::{Outcome, Powers};
use super::password::proved_or_wrong;
use super::refusal::Refusal;
use super::srp_exchange::{PasswordClaim, SECRET_BLOCK_VALIDITY, SrpExchange};
use super::step::StepKind;
use super::turn::Turn;

/// An SRP exchange whose first half is done.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasswordVerifier {
    /// The exchange.
    #[serde(flatten)]
    pub exchange: SrpExchange,
    /// USER_ID_FOR_SRP.
    pub user_id: String,
}

/// Begins an SRP exchange.
pub(super) fn ask(client_public: srp::ClientPublic, turn: Turn, facts: &Facts<'_>) -> Outcome {
    let Some(target) = facts.account.target() else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    let draw = move |random: &mut Random| {
        let (verifier, salt) = (&target.verifier, &target.salt);
        let exchange = SrpExchange::draw(&client_public, verifier, salt, random)?;
        Some(PasswordVerifier {
            exchange,
            user_id: target.user_id,
        })
    };
    Powers::of(draw, |step, facts, _| match step {
        Some(step) => {
            let validity = SECRET_BLOCK_VALIDITY.min(facts.client.auth_session_validity());
            Outcome::ask(turn, &step, validity, facts)
        }
        None => Outcome::Refuse(Refusal::WrongPassword),
    })
}

impl StepKind for PasswordVerifier {
    const NAME: &'static str = "password_verifier";
}

impl Challenge for PasswordVerifier {
    type Answer = PasswordClaim;

    fn answer(
        self,
        claim: PasswordClaim,
        mut turn: Turn,
        facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        if !claim.is_recent(facts.now) {
            return Outcome::Refuse(Refusal::Timestamp);
        }
        let Some(target) = facts.account.target() else {
            return Outcome::Refuse(Refusal::WrongPassword);
        };
        turn.client_public = Some(self.exchange.client_public.clone());
        let pool_name = facts.pool.id.srp_name().to_owned();
        let holds = move |_: &mut Random| {
            let (exchange, user_id) = (&self.exchange, &self.user_id);
            exchange.is_proved_by(&claim, &pool_name, user_id, &target.verifier)
        };
        // The verifier of a hash that waits is of no password.
        let has_verifier = facts.account.with_hash().is_none();
        Powers::of(holds, move |holds, facts, _| {
            proved_or_wrong(holds && has_verifier, turn, facts)
        })
    }
}
