//! The passkey of a user.

use cognate_crypto::webauthn::authenticator::Authenticator;
use cognate_crypto::webauthn::{Algorithm, NewCredential};

use super::*;
use crate::passkey::{Hints, Passkey, Registration};

/// The relying party's domain.
pub(super) const DOMAIN: &str = "example.com";

/// What is stored of an authenticator that the scene's user has registered.
pub(super) fn passkey_of(scene: &Scene, authenticator: &Authenticator) -> Passkey {
    let registration = Registration {
        pool: scene.pool.id.clone(),
        client: scene.client.id.clone(),
        sub: Sub::parse(SUB).unwrap(),
        challenge: Vec::new(),
        relying_party_id: DOMAIN.to_owned(),
        user_verification: false,
        expires_at: NOW,
    };
    let credential = NewCredential {
        id: authenticator.credential_id.clone(),
        public_key: authenticator.public_key.clone(),
        algorithm: Algorithm::EdDsa,
        counter: authenticator.counter,
        aaguid: [0; 16],
        user_verified: true,
        backup_eligible: true,
        backed_up: true,
    };
    Passkey::new(&registration, credential, Hints::default(), &[], NOW)
}
