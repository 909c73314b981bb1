//! The password factor: a password in the request, or one that the client proves by SRP (RFC 5054
//! with Cognito's key derivation, docs/protocol.md §3).

use std::time::Duration;

use cognate_crypto::digest::{base64_decode, base64_encode, ct_eq};
use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp;

use super::facts::Facts;
use super::outcome::{Outcome, Refusal};
use super::step::{PasswordStep, Pending, Step};
use crate::time::{Timestamp, parse_claim_timestamp};

/// How long a client can answer an SRP challenge, at most. AWS asks for a few seconds
/// (docs/protocol.md §3.9); no person types anything in between, so three minutes serve the slowest
/// client.
pub(super) const SECRET_BLOCK_VALIDITY: Duration = Duration::from_secs(180);

/// How far the client's clock may be from the server's: the signed timestamp must be recent.
const CLOCK_SKEW: Duration = Duration::from_secs(300);

/// The answer to PASSWORD_VERIFIER, as the client sent it.
pub struct PasswordClaim<'a> {
    /// PASSWORD_CLAIM_SECRET_BLOCK, base64.
    pub secret_block: &'a str,
    /// TIMESTAMP.
    pub timestamp: &'a str,
    /// PASSWORD_CLAIM_SIGNATURE, base64.
    pub signature: &'a str,
}

/// Begins an SRP exchange.
pub(super) fn challenge(
    client_public: &srp::ClientPublic,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    let Some(target) = facts.account.target() else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    let drawn = srp::ServerKey::for_challenge(client_public, &target.verifier, random);
    let Ok((private, public)) = drawn else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    let step = PasswordStep {
        client_public: client_public.to_hex(),
        server_private: private.to_bytes().expose().to_vec(),
        server_public: public.to_hex(),
        salt: srp::number_hex(target.salt),
        user_id: target.user_id.to_owned(),
        secret_block: random.bytes::<48>().to_vec(),
    };
    Outcome::Ask(Pending::new(
        facts,
        Step::PasswordVerifier(step),
        SECRET_BLOCK_VALIDITY.min(facts.client.auth_session_validity()),
    ))
}

/// Whether a password in the request is the user's. Made-up credentials cost the same and match
/// nothing.
pub(super) fn matches(password: &SecretString, facts: &Facts<'_>) -> bool {
    facts.account.target().is_some_and(|target| {
        let pool_name = facts.pool.id.srp_name();
        srp::password_matches(
            pool_name,
            target.user_id,
            password,
            target.salt,
            &target.verifier,
        )
    })
}

impl PasswordClaim<'_> {
    /// Whether its TIMESTAMP is well-formed and near to now. This is checked before the rest of a
    /// claim: a program or a clock that is wrong made such a claim, so it is no guess at the
    /// password.
    pub(super) fn is_recent(&self, now: Timestamp) -> bool {
        parse_claim_timestamp(self.timestamp).is_some_and(|at| is_within(at, now, CLOCK_SKEW))
    }
}

/// Whether a recent claim proves the password: the secret block belongs to this step, and the
/// signature over block and time is right.
pub(super) fn claim_holds(
    step: &PasswordStep,
    claim: &PasswordClaim<'_>,
    facts: &Facts<'_>,
) -> bool {
    let block_is_ours = ct_eq(
        claim.secret_block.as_bytes(),
        base64_encode(&step.secret_block).as_bytes(),
    );
    let Ok(signature) = base64_decode(claim.signature) else {
        return false;
    };
    // The signature is computed whatever the first check found, so that the time shows nothing.
    signature_holds(step, claim.timestamp, &signature, facts).unwrap_or(false) && block_is_ours
}

fn signature_holds(
    step: &PasswordStep,
    timestamp: &str,
    signature: &[u8],
    facts: &Facts<'_>,
) -> Option<bool> {
    let target = facts.account.target()?;
    let client_public = srp::ClientPublic::parse(&step.client_public).ok()?;
    let server_public = srp::ServerPublic::parse(&step.server_public).ok()?;
    let private = srp::ServerKey::from_bytes(&step.server_private).ok()?;
    let keys =
        srp::session_keys(&client_public, &server_public, &private, &target.verifier).ok()?;
    Some(keys.accept(
        facts.pool.id.srp_name(),
        &step.user_id,
        &step.secret_block,
        timestamp,
        signature,
    ))
}

fn is_within(at: Timestamp, now: Timestamp, skew: Duration) -> bool {
    at.since(now) <= skew && now.since(at) <= skew
}
