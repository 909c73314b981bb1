//! One SRP exchange, of a password or of a device: what the server keeps of it, and the claim that
//! ends it (docs/protocol.md §3).

use std::time::Duration;

use cognate_crypto::digest::{base64_decode, base64_encode, ct_eq};
use cognate_crypto::random::Random;
use cognate_crypto::srp;
use serde::{Deserialize, Serialize};

use crate::time::{Timestamp, parse_claim_timestamp};

/// How long a client can answer an SRP challenge, at most. AWS asks for a few seconds
/// (docs/protocol.md §3.9); no person types anything in between, so three minutes serve the slowest
/// client.
pub(super) const SECRET_BLOCK_VALIDITY: Duration = Duration::from_secs(180);

/// How far the client's clock may be from the server's: the signed timestamp must be recent.
const CLOCK_SKEW: Duration = Duration::from_secs(300);

/// An exchange whose first half is done.
#[derive(Clone, Serialize, Deserialize)]
pub struct SrpExchange {
    /// A, in hexadecimal.
    pub(super) client_public: String,
    /// b.
    #[serde(with = "crate::bytes")]
    pub(super) server_private: Vec<u8>,
    /// B, in hexadecimal as it was sent.
    pub server_public: String,
    /// SALT, in hexadecimal as it was sent.
    pub salt: String,
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

impl SrpExchange {
    /// Draws the server's half. Costs powers.
    pub(super) fn draw(
        client_public: &srp::ClientPublic,
        verifier: &srp::Verifier,
        salt: &[u8],
        random: &mut Random,
    ) -> Option<Self> {
        let drawn = srp::ServerKey::for_challenge(client_public, verifier, random);
        let (private, public) = drawn.ok()?;
        Some(Self {
            client_public: client_public.to_hex(),
            server_private: private.to_bytes().expose().to_vec(),
            server_public: public.to_hex(),
            salt: srp::number_hex(salt),
            secret_block: random.bytes::<48>().to_vec(),
        })
    }

    /// Whether a recent claim proves the secret behind the verifier: the secret block belongs to
    /// this exchange, and the signature over block and time is right. Costs powers.
    pub(super) fn is_proved_by(
        &self,
        claim: &PasswordClaim,
        pool_name: &str,
        user_id: &str,
        verifier: &srp::Verifier,
    ) -> bool {
        let block_is_ours = ct_eq(
            claim.secret_block.as_bytes(),
            base64_encode(&self.secret_block).as_bytes(),
        );
        let Ok(signature) = base64_decode(&claim.signature) else {
            return false;
        };
        // The signature is computed whatever the first check found, so that the time shows nothing.
        let holds = self.keys(verifier).is_some_and(|keys| {
            let (block, time) = (&self.secret_block, &claim.timestamp);
            keys.accept(pool_name, user_id, block, time, &signature)
        });
        holds && block_is_ours
    }

    fn keys(&self, verifier: &srp::Verifier) -> Option<srp::SessionKeys> {
        let client_public = srp::ClientPublic::parse(&self.client_public).ok()?;
        let server_public = srp::ServerPublic::parse(&self.server_public).ok()?;
        let private = srp::ServerKey::from_bytes(&self.server_private).ok()?;
        srp::session_keys(&client_public, &server_public, &private, verifier).ok()
    }
}

impl PasswordClaim {
    /// Whether its TIMESTAMP is well-formed and near to now. This is checked before the rest of a
    /// claim: a program or a clock that is wrong made such a claim, so it is no guess at the
    /// password.
    pub(super) fn is_recent(&self, now: Timestamp) -> bool {
        parse_claim_timestamp(&self.timestamp).is_some_and(|at| is_within(at, now, CLOCK_SKEW))
    }
}

fn is_within(at: Timestamp, now: Timestamp, skew: Duration) -> bool {
    at.since(now) <= skew && now.since(at) <= skew
}
