//! Passkeys of users, and what the driver finds of them.

use std::cell::RefCell;

use cognate_crypto::webauthn::authenticator::Authenticator;
use cognate_crypto::webauthn::{Algorithm, NewCredential};

use super::*;
use crate::passkey::{CredentialId, Hints, OfferedPasskey, Passkey, Registration};
use crate::sign_in::offered_passkeys;

/// The relying party's domain.
pub(super) const DOMAIN: &str = "example.com";

thread_local! {
    /// The passkeys that are stored.
    static STORED: RefCell<Vec<Passkey>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what the next look-ups find.
pub(super) fn keep(all: Vec<Passkey>) {
    STORED.set(all);
}

/// What the driver finds of a passkey: the account's own only.
pub(super) fn known(id: &CredentialId, facts: &Facts<'_>) -> KnownPasskey {
    let sub = facts.account.sub();
    let is_theirs = |passkey: &&Passkey| {
        passkey.pool == facts.pool.id && Some(&passkey.sub) == sub && passkey.id == *id
    };
    KnownPasskey {
        passkey: STORED.with_borrow(|all| all.iter().find(is_theirs).cloned()),
        other_origins: Vec::new(),
    }
}

/// The passkeys that the driver finds an account to begin with. Those of nobody are made up in the
/// likeness of another user's.
pub(super) fn offered(facts: &Facts<'_>, like: Option<&User>) -> Vec<OfferedPasskey> {
    let Some(shown) = facts.account.user().or(like) else {
        return Vec::new();
    };
    let is_theirs = |passkey: &&Passkey| passkey.pool == facts.pool.id && passkey.sub == shown.sub;
    let all: Vec<_> =
        STORED.with_borrow(|stored| stored.iter().filter(is_theirs).cloned().collect());
    let offered = offered_passkeys(facts.pool, shown, &all);
    match facts.account {
        Account::Unknown(nobody, _) => {
            OfferedPasskey::made_up(&DECOY_SECRET, &facts.pool.id, nobody, &offered)
        }
        Account::Known(..) | Account::WithoutPassword(..) => offered,
    }
}

/// What is stored of an authenticator that the scene's user has registered.
pub(super) fn passkey_of(scene: &Scene, authenticator: &Authenticator) -> Passkey {
    let sub = Sub::parse(SUB).unwrap();
    registered(&scene.client, &sub, DOMAIN, authenticator, Hints::default())
}

/// What is stored of an authenticator that a user has registered at an app client.
pub(super) fn registered(
    client: &AppClient,
    sub: &Sub,
    domain: &str,
    authenticator: &Authenticator,
    hints: Hints,
) -> Passkey {
    let registration = Registration {
        pool: client.pool.clone(),
        client: client.id.clone(),
        sub: sub.clone(),
        challenge: Vec::new(),
        relying_party_id: domain.to_owned(),
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
        backup_eligible: authenticator.flags & 0x08 != 0,
        backed_up: authenticator.flags & 0x10 != 0,
    };
    Passkey::new(&registration, credential, hints, &[], NOW)
}
