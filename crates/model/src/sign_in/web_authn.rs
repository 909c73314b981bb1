//! WEB_AUTHN: a passkey as the first factor, or as both (docs/protocol.md §16.5; Web Authentication
//! Level 3, §7.2).

use cognate_crypto::random::Random;
use cognate_crypto::webauthn::{
    self, Assertion, ClientData, Expected, KnownCredential, VerifiedAssertion, verify_assertion,
};
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::effect::{Effect, PasskeyUse};
use super::facts::Facts;
use super::mfa_needs;
use super::outcome::{Asked, Need, Outcome};
use super::questions::{FirstFactors, KnownPasskey};
use super::refusal::Refusal;
use super::step::StepKind;
use super::turn::Turn;
use crate::factor::Factor;
use crate::passkey::{self, CredentialId, OfferedPasskey, Passkey, user_handle};
use crate::second_factor::PasskeyFactor;
use crate::user::{User, UserStatus};
use crate::user_pool::UserPool;

/// A passkey is asked for.
#[derive(Clone, Serialize, Deserialize)]
pub struct WebAuthn {
    /// The challenge that the authenticator signs.
    #[serde(with = "crate::bytes")]
    pub challenge: Vec<u8>,
    /// The domain that the passkey is for.
    pub relying_party_id: String,
    /// Whether the authenticator must verify its user.
    pub user_verification: bool,
    /// The passkeys that are asked for, real or made up.
    pub allowed: Vec<OfferedPasskey>,
}

/// What an authenticator answers, by way of the browser. Nothing of it is proved.
pub struct PasskeyResponse {
    /// Which passkey it is.
    pub id: CredentialId,
    /// clientDataJSON.
    pub client_data: Vec<u8>,
    /// authenticatorData.
    pub authenticator_data: Vec<u8>,
    /// signature.
    pub signature: Vec<u8>,
    /// userHandle, if it was told.
    pub user_handle: Option<Vec<u8>>,
}

/// A passkey of nobody's, on the base point of P-256: a response of nobody is checked as any other,
/// and refused whatever comes of it.
const NOBODYS: KnownCredential<'static> = KnownCredential {
    public_key: &[
        0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, 0x6b, 0x17, 0xd1, 0xf2, 0xe1,
        0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81,
        0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x22, 0x58, 0x20,
        0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e,
        0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf,
        0x51, 0xf5,
    ],
    counter: 0,
    backup_eligible: true,
};

/// The passkeys, of all that a user has, that the user may begin a sign-in with: those for the
/// pool's domain, and none where a second factor will be asked for that they do not stand for, or
/// of who has a temporary password.
#[must_use]
pub fn offered_passkeys(pool: &UserPool, user: &User, all: &[Passkey]) -> Vec<OfferedPasskey> {
    let relying_party = relying_party_of(pool).filter(|_| {
        user.status != UserStatus::ForceChangePassword
            && (stand_for_both(pool, user) || !mfa_needs::is_needed(pool, Some(user)))
    });
    let Some(relying_party) = relying_party else {
        return Vec::new();
    };
    let usable = all
        .iter()
        .filter(|passkey| passkey.is_usable_for(relying_party));
    usable.map(OfferedPasskey::of).collect()
}

/// The domain of a pool's passkeys, if it has passkeys.
fn relying_party_of(pool: &UserPool) -> Option<&str> {
    let id = pool.settings.mfa.passkeys.relying_party_id.as_deref();
    id.filter(|_| pool.has_passkeys())
}

/// Whether a passkey whose user was verified is both factors: where the pool says so, and the user
/// (WebAuthnMfaSettingsType).
fn stand_for_both(pool: &UserPool, user: &User) -> bool {
    let factor = pool.settings.mfa.passkeys.factor;
    factor == PasskeyFactor::MultiFactorWithUserVerification && user.mfa.passkey
}

/// Asks for one of the passkeys that were found.
pub(super) fn ask(
    found: &FirstFactors,
    turn: Turn,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    let Some(relying_party) = relying_party_of(facts.pool) else {
        return Outcome::Refuse(Refusal::NotOffered);
    };
    let settings = &facts.pool.settings.mfa.passkeys;
    let step = WebAuthn {
        challenge: passkey::challenge(random),
        relying_party_id: relying_party.to_owned(),
        user_verification: settings.requires_user_verification(),
        allowed: found.passkeys.clone(),
    };
    Outcome::ask(turn, &step, facts.client.auth_session_validity(), facts)
}

impl StepKind for WebAuthn {
    const NAME: &'static str = "web_authn";
}

impl Challenge for WebAuthn {
    type Answer = PasskeyResponse;

    fn answer(
        self,
        response: PasskeyResponse,
        turn: Turn,
        _facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        // Step 5: browsers may offer a passkey that was not asked for.
        let was_asked_for = |offered: &OfferedPasskey| offered.id == response.id;
        if !self.allowed.iter().any(was_asked_for) {
            return Outcome::Refuse(Refusal::WrongPasskey(None));
        }
        let id = response.id.clone();
        let check = move |known: KnownPasskey, facts: &Facts<'_>, _: &mut Random| {
            self.check(&response, known, turn, facts)
        };
        Outcome::Need(Need::Passkey(Asked::new(id, check)))
    }
}

impl WebAuthn {
    fn check(
        &self,
        response: &PasskeyResponse,
        known: KnownPasskey,
        mut turn: Turn,
        facts: &Facts<'_>,
    ) -> Outcome {
        if relying_party_of(facts.pool) != Some(&self.relying_party_id) {
            return Outcome::Refuse(Refusal::NoSuchStep);
        }
        let is_usable = |passkey: &Passkey| passkey.is_usable_for(&self.relying_party_id);
        let passkey = known.passkey.filter(is_usable);
        let credential = passkey.as_ref().map_or(NOBODYS, Passkey::known);
        let verified = self.verify(response, &credential, &known.other_origins);
        let user = turn.user(facts).filter(|_| passkey.is_some());
        // Step 6. The handle is not signed, so it proves nothing; a wrong one is a wrong response.
        let user = user.filter(|user| {
            let handle = response.user_handle.as_deref();
            handle.is_none_or(|handle| handle == user_handle(&user.sub))
        });
        let Some(user) = user else {
            return Outcome::Refuse(Refusal::WrongPasskey(verified.err()));
        };
        let verified = match verified {
            Ok(verified) => verified,
            Err(webauthn::Refusal::Counter) => {
                return Outcome::Refuse(Refusal::CopiedPasskey(response.id.clone()));
            }
            Err(refusal) => return Outcome::Refuse(Refusal::WrongPasskey(Some(refusal))),
        };
        let factor = if verified.user_verified && stand_for_both(facts.pool, user) {
            Factor::PasskeyForBoth
        } else {
            Factor::Passkey
        };
        let is_carried = passkey.as_ref().is_some_and(Passkey::is_carried);
        turn.prove_passkey(factor, is_carried, facts.now);
        turn.change(Effect::UsePasskey(PasskeyUse {
            id: response.id.clone(),
            verified,
        }));
        Outcome::Proved(turn)
    }

    fn verify(
        &self,
        response: &PasskeyResponse,
        known: &KnownCredential<'_>,
        other_origins: &[String],
    ) -> Result<VerifiedAssertion, webauthn::Refusal> {
        let expected = Expected {
            challenge: &self.challenge,
            relying_party_id: &self.relying_party_id,
            other_origins,
            user_verification: self.user_verification,
        };
        let client_data = ClientData::read(&response.client_data)?;
        let assertion = Assertion {
            client_data: &client_data,
            authenticator_data: &response.authenticator_data,
            signature: &response.signature,
        };
        verify_assertion(&expected, known, &assertion)
    }
}
