//! PASSWORD_VERIFIER: the password, proved by SRP (RFC 5054 with Cognito's key derivation,
//! docs/protocol.md §3).

use std::time::Duration;

use cognate_crypto::digest::{base64_decode, base64_encode, ct_eq};
use cognate_crypto::random::Random;
use cognate_crypto::srp;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::facts::Facts;
use super::outcome::{Outcome, Powers};
use super::password::proved_or_wrong;
use super::refusal::Refusal;
use super::step::StepKind;
use super::turn::Turn;
use crate::time::{Timestamp, parse_claim_timestamp};

/// How long a client can answer an SRP challenge, at most. AWS asks for a few seconds
/// (docs/protocol.md §3.9); no person types anything in between, so three minutes serve the slowest
/// client.
pub(super) const SECRET_BLOCK_VALIDITY: Duration = Duration::from_secs(180);

/// How far the client's clock may be from the server's: the signed timestamp must be recent.
const CLOCK_SKEW: Duration = Duration::from_secs(300);

/// An SRP exchange whose first half is done.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasswordVerifier {
    /// A, in hexadecimal.
    pub(super) client_public: String,
    /// b.
    #[serde(with = "crate::bytes")]
    pub(super) server_private: Vec<u8>,
    /// B, in hexadecimal as it was sent.
    pub server_public: String,
    /// SALT, in hexadecimal as it was sent.
    pub salt: String,
    /// USER_ID_FOR_SRP.
    pub user_id: String,
    /// SECRET_BLOCK: random bytes. They identify the step when a client sends no Session
    /// (docs/protocol.md §5.4).
    #[serde(with = "crate::bytes")]
    pub secret_block: Vec<u8>,
}

/// The answer, as the client sent it.
#[derive(Clone)]
pub struct PasswordClaim {
    /// PASSWORD_CLAIM_SECRET_BLOCK, base64.
    pub secret_block: String,
    /// TIMESTAMP.
    pub timestamp: String,
    /// PASSWORD_CLAIM_SIGNATURE, base64.
    pub signature: String,
}

/// Begins an SRP exchange.
pub(super) fn ask(client_public: srp::ClientPublic, turn: Turn, facts: &Facts<'_>) -> Outcome {
    let Some(target) = facts.account.target() else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    let draw = move |random: &mut Random| {
        let drawn = srp::ServerKey::for_challenge(&client_public, &target.verifier, random);
        let (private, public) = drawn.ok()?;
        Some(PasswordVerifier {
            client_public: client_public.to_hex(),
            server_private: private.to_bytes().expose().to_vec(),
            server_public: public.to_hex(),
            salt: srp::number_hex(&target.salt),
            user_id: target.user_id,
            secret_block: random.bytes::<48>().to_vec(),
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
        turn: Turn,
        facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        if !claim.is_recent(facts.now) {
            return Outcome::Refuse(Refusal::Timestamp);
        }
        let Some(target) = facts.account.target() else {
            return Outcome::Refuse(Refusal::WrongPassword);
        };
        let pool_name = facts.pool.id.srp_name().to_owned();
        let holds = move |_: &mut Random| self.is_met_by(&claim, &pool_name, &target.verifier);
        Powers::of(holds, |holds, facts, _| proved_or_wrong(holds, turn, facts))
    }
}

impl PasswordVerifier {
    /// Whether a recent claim proves the password: the secret block belongs to this step, and the
    /// signature over block and time is right.
    fn is_met_by(&self, claim: &PasswordClaim, pool_name: &str, verifier: &srp::Verifier) -> bool {
        let block_is_ours = ct_eq(
            claim.secret_block.as_bytes(),
            base64_encode(&self.secret_block).as_bytes(),
        );
        let Ok(signature) = base64_decode(&claim.signature) else {
            return false;
        };
        // The signature is computed whatever the first check found, so that the time shows nothing.
        let holds = self.signature_holds(&claim.timestamp, &signature, pool_name, verifier);
        holds.unwrap_or(false) && block_is_ours
    }

    fn signature_holds(
        &self,
        timestamp: &str,
        signature: &[u8],
        pool_name: &str,
        verifier: &srp::Verifier,
    ) -> Option<bool> {
        let client_public = srp::ClientPublic::parse(&self.client_public).ok()?;
        let server_public = srp::ServerPublic::parse(&self.server_public).ok()?;
        let private = srp::ServerKey::from_bytes(&self.server_private).ok()?;
        let keys = srp::session_keys(&client_public, &server_public, &private, verifier).ok()?;
        Some(keys.accept(
            pool_name,
            &self.user_id,
            &self.secret_block,
            timestamp,
            signature,
        ))
    }
}

impl PasswordClaim {
    /// Whether its TIMESTAMP is well-formed and near to now. This is checked before the rest of a
    /// claim: a program or a clock that is wrong made such a claim, so it is no guess at the
    /// password.
    fn is_recent(&self, now: Timestamp) -> bool {
        parse_claim_timestamp(&self.timestamp).is_some_and(|at| is_within(at, now, CLOCK_SKEW))
    }
}

fn is_within(at: Timestamp, now: Timestamp, skew: Duration) -> bool {
    at.since(now) <= skew && now.since(at) <= skew
}
