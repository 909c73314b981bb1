//! Passkeys of users: what is kept of each, and of a registration that is under way.

use cognate_crypto::digest::{base64url_decode, base64url_encode, hmac_sha256, sha256};
use cognate_crypto::random::Random;
use cognate_crypto::webauthn::{
    KnownCredential, LONGEST_CREDENTIAL_ID, NewCredential, VerifiedAssertion,
};
use serde::{Deserialize, Serialize};

use crate::ids::{ClientId, Sub, UserPoolId};
use crate::second_factor::{PasskeyFactor, PasskeySettings, UserVerification};
use crate::time::Timestamp;
use crate::user::User;
use crate::user_pool::{SignInNames, UserPool};

mod attachment;
mod name;

pub use attachment::Attachment;

/// How many passkeys a user has at most (docs/protocol.md §16.1).
pub const MOST_OF_A_USER: usize = 20;

/// How long a registration waits for its end.
pub const REGISTRATION_VALIDITY: std::time::Duration = std::time::Duration::from_secs(5 * 60);

/// The bytes of a challenge. Web Authentication Level 3, §13.4.3, asks for 16 at least.
const CHALLENGE_LENGTH: usize = 32;

/// The most ways to reach an authenticator that are kept; there are six today.
const MOST_TRANSPORTS: usize = 8;

/// The id that an authenticator gave a passkey, in base64url.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CredentialId(String);

impl CredentialId {
    /// Reads an id from its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = base64url_decode(text).ok()?;
        let is_id = (1..=LONGEST_CREDENTIAL_ID).contains(&bytes.len());
        is_id.then(|| Self(text.to_owned()))
    }

    /// The id of such bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(base64url_encode(bytes))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many bytes it is.
    fn length(&self) -> usize {
        self.0.len() / 4 * 3 + self.0.len() % 4 * 3 / 4
    }
}

/// A passkey of a user. Its public key is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// The pool that its user belongs to.
    pub pool: UserPoolId,
    /// Its user.
    pub sub: Sub,
    /// Its id. No two users of a pool have one of the same id.
    pub id: CredentialId,
    /// The public key in its COSE form.
    #[serde(with = "crate::bytes")]
    pub public_key: Vec<u8>,
    /// The last signature counter; 0 where the authenticator has none.
    #[serde(default)]
    pub counter: u32,
    /// The domain that it was made for. Where the pool has another one by now, it does not sign in.
    pub relying_party_id: String,
    /// What it is called, for its user to tell it from others.
    #[serde(default)]
    pub name: String,
    /// How its authenticator can be reached, as the browser said.
    #[serde(default)]
    pub transports: Vec<String>,
    /// Whether its authenticator is built into a device or is one that is carried, if the browser
    /// said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Attachment>,
    /// Whether it can be copied to other devices by its maker's means, which never changes.
    #[serde(default)]
    pub backup_eligible: bool,
    /// Whether it had been, when it was last used.
    #[serde(default)]
    pub backed_up: bool,
    /// When it was made.
    #[serde(default)]
    pub created_at: Timestamp,
    /// Since when it signs nobody in, because its counter went back: its key may be in two hands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distrusted_at: Option<Timestamp>,
}

/// A passkey as a sign-in asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedPasskey {
    /// Its id.
    pub id: CredentialId,
    /// How its authenticator can be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<String>,
}

impl OfferedPasskey {
    /// A passkey that its user has.
    #[must_use]
    pub fn of(passkey: &Passkey) -> Self {
        Self {
            id: passkey.id.clone(),
            transports: passkey.transports.clone(),
        }
    }

    /// Passkeys that nobody has, in the likeness of those of a user of the pool: as many, with ids
    /// of the same lengths. They are the same each time. `secret` is the server's own, for this
    /// purpose only.
    #[must_use]
    pub fn made_up(secret: &[u8; 32], pool: &UserPoolId, nobody: &Sub, like: &[Self]) -> Vec<Self> {
        let (pool, nobody) = (pool.as_str().as_bytes(), nobody.as_str().as_bytes());
        let made_up = |(number, like): (u32, &Self)| {
            let number = number.to_be_bytes();
            let seed = hmac_sha256(secret, &[pool, b"\0", nobody, b"\0", &number]);
            let mut id = vec![0; like.id.length()];
            Random::from_seed(seed).fill(&mut id);
            Self {
                id: CredentialId::of_bytes(&id),
                transports: like.transports.clone(),
            }
        };
        (0..).zip(like).map(made_up).collect()
    }
}

/// What the browser says of an authenticator and nobody signs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    transports: Vec<String>,
    attachment: Option<Attachment>,
}

impl Hints {
    /// What was said; None when it is more than any browser says. Transports that nobody knows yet
    /// are kept: they go back to the browser, which does (§5.8.4).
    #[must_use]
    pub fn of(transports: &[String], attachment: Option<&str>) -> Option<Self> {
        let is_word = |text: &String| {
            (1..=32).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let are_words = transports.len() <= MOST_TRANSPORTS && transports.iter().all(is_word);
        let mut distinct = transports.to_vec();
        distinct.sort();
        distinct.dedup();
        are_words.then(|| Self {
            transports: distinct,
            attachment: attachment.and_then(Attachment::parse),
        })
    }
}

impl Passkey {
    /// What is kept of a new credential. `others` are those that its user has already.
    #[must_use]
    pub fn new(
        registration: &Registration,
        credential: NewCredential,
        hints: Hints,
        others: &[Self],
        now: Timestamp,
    ) -> Self {
        let Hints {
            transports,
            attachment,
        } = hints;
        let taken = |name: &str| others.iter().any(|other| other.name == name);
        Self {
            pool: registration.pool.clone(),
            sub: registration.sub.clone(),
            id: CredentialId::of_bytes(&credential.id),
            public_key: credential.public_key,
            counter: credential.counter,
            relying_party_id: registration.relying_party_id.clone(),
            name: name::friendly(&credential.aaguid, attachment, &transports, taken),
            transports,
            attachment,
            backup_eligible: credential.backup_eligible,
            backed_up: credential.backed_up,
            created_at: now,
            distrusted_at: None,
        }
    }

    /// Whether it can sign its user in, in a pool with such a relying party.
    #[must_use]
    pub fn is_usable_for(&self, relying_party_id: &str) -> bool {
        self.distrusted_at.is_none() && self.relying_party_id == relying_party_id
    }

    /// Whether it is on an authenticator that is carried from device to device, and stays there.
    /// The browser said so, and nobody has signed it.
    #[must_use]
    pub fn is_carried(&self) -> bool {
        self.attachment == Some(Attachment::CrossPlatform) && !self.backup_eligible
    }

    /// What a sign-in with it is checked against.
    #[must_use]
    pub fn known(&self) -> KnownCredential<'_> {
        KnownCredential {
            public_key: &self.public_key,
            counter: self.counter,
            backup_eligible: self.backup_eligible,
        }
    }

    /// Takes a sign-in into account. False, and nothing is changed, when the counter has grown past
    /// it meanwhile, or the passkey is no longer trusted: of two sign-ins at once that claim the
    /// same count, one has a copy of the key.
    #[must_use]
    pub fn used(&mut self, verified: VerifiedAssertion) -> bool {
        let has_grown =
            verified.counter > self.counter || (verified.counter, self.counter) == (0, 0);
        let is_good = has_grown && self.distrusted_at.is_none();
        if is_good {
            self.counter = verified.counter;
            self.backed_up = verified.backed_up;
        }
        is_good
    }
}

impl PasskeySettings {
    /// Whether authenticators must verify their users: where the pool says so, and where a passkey
    /// may stand for both factors (WebAuthnFactorConfigurationType).
    #[must_use]
    pub fn requires_user_verification(&self) -> bool {
        self.user_verification == UserVerification::Required
            || self.factor == PasskeyFactor::MultiFactorWithUserVerification
    }
}

/// The handle of a user in passkeys: who holds the passkey can read it, so it is no name or address
/// (Web Authentication Level 3, §14.6.1). 64 bytes are allowed; it has 36.
#[must_use]
pub fn user_handle(sub: &Sub) -> &[u8] {
    sub.as_str().as_bytes()
}

/// What authenticators show of a user: what the user signs in with, as far as people read it.
#[must_use]
pub fn shown_name<'a>(pool: &UserPool, user: &'a User) -> &'a str {
    let SignInNames::Attributes(contacts) = &pool.sign_in_names else {
        return &user.username;
    };
    // The user name is a UUID there.
    let mut addresses = contacts
        .iter()
        .filter_map(|contact| user.attribute(contact.attribute()))
        .filter(|address| !address.is_empty());
    addresses.next().unwrap_or(&user.username)
}

/// A challenge and the bytes that it is.
#[must_use]
pub fn challenge(random: &mut Random) -> Vec<u8> {
    random.bytes::<CHALLENGE_LENGTH>().to_vec()
}

/// A registration that waits for its end: whose it is, and what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The pool.
    pub pool: UserPoolId,
    /// The app client whose token began it.
    pub client: ClientId,
    /// The user.
    pub sub: Sub,
    /// The challenge that was sent.
    #[serde(with = "crate::bytes")]
    pub challenge: Vec<u8>,
    /// The domain that the passkey is to be made for.
    pub relying_party_id: String,
    /// Whether the authenticator must verify its user.
    pub user_verification: bool,
    /// Until when it waits.
    pub expires_at: Timestamp,
}

impl Registration {
    /// The key under which a registration waits, of the challenge in its base64url form: the end
    /// carries nothing else to find it by.
    #[must_use]
    pub fn row(challenge: &str) -> [u8; 32] {
        sha256(&[b"passkey registration", challenge.as_bytes()])
    }
}

#[cfg(test)]
mod tests;
