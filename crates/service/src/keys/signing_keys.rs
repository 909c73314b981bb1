//! The keys that sign a pool's tokens: which of them signs, how long each verifies, and what
//! `cognate signing-key` does.
//!
//! A rotation makes a new pair. Every node publishes it within a second (settings.rs keeps keys no
//! longer) and signs with it from [`LEAD`] on, so that no verifier meets a token whose key it
//! cannot find. The old pair stays published until the last token that it can have signed has run
//! out. From then on it verifies nothing, whether or not its rows have been deleted yet.

use std::sync::Arc;
use std::time::Duration;

use cognate_crypto::jwt::KeyError;
use cognate_model::claims::TokenUse;
use cognate_model::{AppClient, Timestamp, UserPoolId};
use cognate_store::signing_keys::{self, NewSigningKey, StoredSigningKey};
use cognate_store::{Db, Tx, app_clients, user_pools};

use crate::{Clock, Entropy};

/// How long a new key is published before it signs. Nodes look at the keys again after a second;
/// the rest is for a slow commit and for clocks that differ a little.
const LEAD: Duration = Duration::from_secs(2);

/// No access token and no ID token lives longer (AccessTokenValidity, IdTokenValidity).
const LONGEST_VALIDITY: Duration = Duration::from_secs(24 * 60 * 60);

/// How many app clients are read at once.
const CLIENTS_AT_ONCE: i64 = 100;

/// From when until when a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) created_at: Timestamp,
    /// From when on it verifies nothing; none until a rotation has replaced it.
    pub(crate) retires_at: Option<Timestamp>,
}

impl Life {
    fn takes_over_at(self) -> Timestamp {
        self.created_at.plus(LEAD)
    }

    /// Whether a token of this key counts.
    pub(crate) fn verifies(self, now: Timestamp) -> bool {
        self.retires_at.is_none_or(|at| now < at)
    }
}

/// The key that signs a token that runs out at `expires_at`: the newest that has taken over, of
/// those that verify for as long. Where none has (a pool that was just made), the oldest: it is the
/// one that every node knows.
pub(crate) fn signer<T>(
    keys: impl Iterator<Item = (Life, T)>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Option<T> {
    let mut lasting: Vec<_> = keys
        .filter(|(life, _)| life.retires_at.is_none_or(|at| expires_at <= at))
        .collect();
    lasting.sort_by_key(|(life, _)| life.created_at);
    let in_charge = lasting
        .iter()
        .rposition(|(life, _)| life.takes_over_at() <= now)
        .unwrap_or(0);
    lasting.into_iter().nth(in_charge).map(|(_, key)| key)
}

/// Makes a pair of keys: ID and access tokens are never signed by the same one. Takes a fifth of a
/// second or so, and belongs on a thread that may block.
///
/// # Errors
/// Only when the system gives no randomness or no memory.
pub(crate) fn generate(
    entropy: &Entropy,
    pool: &UserPoolId,
    created_at: Timestamp,
) -> Result<[NewSigningKey; 2], KeyError> {
    let make = |token_use| {
        let key = entropy.signing_key()?;
        Ok::<_, KeyError>(NewSigningKey {
            pool: pool.clone(),
            kid: key.kid().to_owned(),
            token_use,
            private: key.to_pkcs8()?,
            public: serde_json::to_string(key.public().jwk()).map_err(|_| KeyError::Claims)?,
            created_at,
        })
    };
    Ok([make(TokenUse::Id)?, make(TokenUse::Access)?])
}

/// Why keys were not rotated or listed.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// An id that no user pool has.
    #[error("there is no user pool «{0}»")]
    NoSuchPool(String),
    /// The new keys could not be made.
    #[error("the keys could not be made: {0}")]
    Key(#[from] KeyError),
    /// The database's reason.
    #[error(transparent)]
    Store(#[from] cognate_store::Error),
    /// The process is ending.
    #[error("the keys could not be made: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

/// What a rotation has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The new key of ID tokens.
    pub id_kid: String,
    /// The new key of access tokens.
    pub access_kid: String,
    /// When they take over.
    pub signs_from: Timestamp,
    /// Until when the keys that signed before verify tokens and are published.
    pub old_verify_until: Timestamp,
}

/// Gives a pool new keys. It works beside servers that run on the same database.
///
/// # Errors
/// [`SigningKeyError`]; nothing has changed then, but for [`cognate_store::Error::OutcomeUnknown`].
pub async fn rotate(db: &Db, clock: &Clock, pool: &str) -> Result<Rotation, SigningKeyError> {
    let id = parse_id(pool)?;
    existing(&mut db.read().await?, &id).await?;
    let (owner, made_at) = (id.clone(), clock.now());
    let make = move || generate(&Entropy::System, &owner, made_at);
    let pair = Arc::new(tokio::task::spawn_blocking(make).await??);
    let (new, clock) = (Arc::clone(&pair), clock.clone());
    let replace = async move |tx: &mut Tx| -> Result<(Timestamp, Timestamp), SigningKeyError> {
        existing(tx, &id).await?;
        let newest = signing_keys::all(tx, &id)
            .await?
            .into_iter()
            .map(|key| key.created_at)
            .max();
        // Later than the pair before, even by a clock that is behind: the newest signs.
        let now = newest.map_or(clock.now(), |newest| {
            clock.now().max(newest.plus(Duration::from_millis(1)))
        });
        let signs_from = now.plus(LEAD);
        let retires_at = signs_from.plus(longest_validity(tx, &id, now).await?);
        signing_keys::retire(tx, &id, retires_at).await?;
        for key in new.iter() {
            signing_keys::insert(
                tx,
                &NewSigningKey {
                    created_at: now,
                    ..key.clone()
                },
            )
            .await?;
        }
        Ok((signs_from, retires_at))
    };
    let (signs_from, old_verify_until) = db.write("rotate_signing_keys", replace).await?;
    let [id_key, access_key] = pair.as_ref();
    Ok(Rotation {
        id_kid: id_key.kid.clone(),
        access_kid: access_key.kid.clone(),
        signs_from,
        old_verify_until,
    })
}

/// The longest that a token may still live which was signed by now, through any app client of the
/// pool. Through one that was deleted there is none: its sessions ended with it.
async fn longest_validity(
    tx: &mut Tx,
    pool: &UserPoolId,
    now: Timestamp,
) -> Result<Duration, cognate_store::Error> {
    let mut longest = Duration::ZERO;
    let mut after = None;
    loop {
        let page = app_clients::page(tx, pool, after.as_deref(), CLIENTS_AT_ONCE).await?;
        longest = page
            .iter()
            .map(|client| validity_of(client, now))
            .fold(longest, Duration::max);
        let Some(last) = page.last() else {
            return Ok(longest);
        };
        after = Some(last.id.to_string());
    }
}

/// What a client's validities were before its last change isn't known any more, but no token of
/// that time lives longer than a day.
fn validity_of(client: &AppClient, now: Timestamp) -> Duration {
    let was_changed =
        client.modified_at > client.created_at && now.since(client.modified_at) < LONGEST_VALIDITY;
    if was_changed {
        return LONGEST_VALIDITY;
    }
    client
        .settings
        .access_validity
        .span()
        .max(client.settings.id_validity.span())
        .min(LONGEST_VALIDITY)
}

/// A key as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// The name that tokens carry in their header.
    pub kid: String,
    /// The tokens that it signs.
    pub token_use: TokenUse,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it does now.
    pub status: KeyStatus,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStatus {
    /// It signs tokens and verifies them.
    Signs,
    /// It is published and will sign from this time on.
    SignsFrom(Timestamp),
    /// It signs no more, and verifies until this time.
    VerifiesUntil(Timestamp),
    /// It does nothing any more, and will be deleted.
    Retired,
}

/// All keys of a pool, the oldest first.
///
/// # Errors
/// [`SigningKeyError`].
pub async fn list(db: &Db, clock: &Clock, pool: &str) -> Result<Vec<ListedKey>, SigningKeyError> {
    let id = parse_id(pool)?;
    let mut reader = db.read().await?;
    existing(&mut reader, &id).await?;
    let (keys, now) = (signing_keys::all(&mut reader, &id).await?, clock.now());
    let listed = keys.iter().map(|key| ListedKey {
        kid: key.kid.clone(),
        token_use: key.token_use,
        created_at: key.created_at,
        status: status(key, &keys, now),
    });
    Ok(listed.collect())
}

fn status(key: &StoredSigningKey, all: &[StoredSigningKey], now: Timestamp) -> KeyStatus {
    let life = life_of(key);
    let same_use = all.iter().filter(|other| other.token_use == key.token_use);
    let signing = signer(
        same_use.map(|other| (life_of(other), other.kid.as_str())),
        now,
        now,
    );
    match life.retires_at {
        _ if !life.verifies(now) => KeyStatus::Retired,
        _ if signing == Some(key.kid.as_str()) => KeyStatus::Signs,
        _ if life.takes_over_at() > now => KeyStatus::SignsFrom(life.takes_over_at()),
        Some(at) => KeyStatus::VerifiesUntil(at),
        // Not to be had: of the keys that were not replaced, the newest signs or is about to.
        None => KeyStatus::Signs,
    }
}

/// From when until when a stored key counts.
pub(crate) fn life_of(key: &StoredSigningKey) -> Life {
    Life {
        created_at: key.created_at,
        retires_at: key.retires_at,
    }
}

fn parse_id(pool: &str) -> Result<UserPoolId, SigningKeyError> {
    UserPoolId::parse(pool).map_err(|_| SigningKeyError::NoSuchPool(pool.to_owned()))
}

async fn existing(tx: &mut Tx, pool: &UserPoolId) -> Result<(), SigningKeyError> {
    let found = user_pools::find(tx, pool).await?;
    found
        .map(drop)
        .ok_or_else(|| SigningKeyError::NoSuchPool(pool.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn life(created_at: i64, retires_at: Option<i64>) -> Life {
        Life {
            created_at: Timestamp(created_at),
            retires_at: retires_at.map(Timestamp),
        }
    }

    /// Which key signs, of those that were made at these times, a token that lives for a second.
    fn signer_at(keys: &[Life], now: i64) -> Option<i64> {
        let keys = keys.iter().map(|key| (*key, key.created_at.0));
        signer(keys, Timestamp(now), Timestamp(now + 1000))
    }

    #[test]
    fn the_first_key_of_a_pool_signs_at_once() {
        assert_eq!(signer_at(&[life(5000, None)], 5000), Some(5000));
    }

    #[test]
    fn a_new_key_takes_over_two_seconds_after_it_was_made() {
        let keys = [life(0, Some(DAY)), life(10_000, None)];
        assert_eq!(signer_at(&keys, 11_999), Some(0));
        assert_eq!(signer_at(&keys, 12_000), Some(10_000));
    }

    #[test]
    fn of_keys_that_have_not_taken_over_the_oldest_signs() {
        assert_eq!(
            signer_at(&[life(1000, None), life(0, Some(DAY))], 1500),
            Some(0)
        );
    }

    #[test]
    fn after_two_rotations_in_a_row_each_key_has_its_turn() {
        let keys = [
            life(0, Some(DAY)),
            life(10_000, Some(DAY)),
            life(11_000, None),
        ];
        for (now, signs) in [
            (11_500, 0),
            (12_000, 10_000),
            (12_999, 10_000),
            (13_000, 11_000),
        ] {
            assert_eq!(signer_at(&keys, now), Some(signs), "{now}");
        }
    }

    #[test]
    fn no_key_signs_a_token_that_would_outlive_it() {
        let keys = [life(0, Some(12_000)), life(10_000, None)];
        assert_eq!(signer_at(&keys, 11_000), Some(0));
        assert_eq!(signer_at(&keys, 11_001), Some(10_000));
    }

    #[test]
    fn a_key_verifies_until_the_moment_of_its_retirement() {
        let key = life(0, Some(5000));
        assert!(key.verifies(Timestamp(4999)));
        assert!(!key.verifies(Timestamp(5000)));
        assert!(life(0, None).verifies(Timestamp(i64::MAX)));
    }
}
