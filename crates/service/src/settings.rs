//! Settings that almost every request needs, kept for a second: pools, app clients, signing keys,
//! access keys.
//!
//! A change made on this node is seen at once (the entry is dropped), one made on another within
//! [`MAX_AGE`]: less than the two seconds that are promised. What revokes (sessions, users, locks)
//! is never kept here; it is read from the database each time. A pool that is deleted takes its
//! sessions along later, so on other nodes its tokens hold until its settings are read again.

mod reading;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cognate_crypto::jwt::SigningKey;
use cognate_crypto::secret::SecretString;
use cognate_model::access_key::AccessKey;
use cognate_model::claims::TokenUse;
use cognate_model::server_settings::{ClientServerSettings, PoolServerSettings};
use cognate_model::{AppClient, ClientId, ClientSecrets, Timestamp, UserPool, UserPoolId};
use cognate_store::signing_keys;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::keys::signing_keys::{Life, life_of, signer};
use crate::{Error, Result};

/// How old a kept entry may be.
const MAX_AGE: Duration = Duration::from_millis(1000);

/// How many entries of each kind are kept.
const CAPACITY: usize = 4096;

/// An app client and its secrets.
pub(crate) struct ClientEntry {
    pub(crate) client: AppClient,
    pub(crate) secrets: ClientSecrets,
}

/// A pool's signing keys, parsed.
pub(crate) struct PoolKeys {
    by_kid: HashMap<String, PoolKey>,
}

/// One signing key of a pool.
pub(crate) struct PoolKey {
    pub(crate) token_use: TokenUse,
    pub(crate) signing: Arc<SigningKey>,
    /// Its public half as a JWK.
    pub(crate) public: String,
    life: Life,
}

/// An access key and its secret.
pub(crate) struct AccessKeyEntry {
    pub(crate) key: AccessKey,
    pub(crate) secret: SecretString,
}

struct Cached<T> {
    value: Arc<T>,
    read_at: Instant,
}

impl<T> Clone for Cached<T> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
            read_at: self.read_at,
        }
    }
}

impl<T> Cached<T> {
    fn new(value: T) -> Self {
        Self {
            value: Arc::new(value),
            read_at: Instant::now(),
        }
    }

    fn fresh(self) -> Option<Arc<T>> {
        (self.read_at.elapsed() < MAX_AGE).then_some(self.value)
    }
}

/// The kept settings of a node.
pub(crate) struct Settings {
    pools: Cache<UserPoolId, Cached<UserPool>>,
    clients: Cache<ClientId, Cached<ClientEntry>>,
    keys: Cache<UserPoolId, Cached<PoolKeys>>,
    access_keys: Cache<String, Cached<AccessKeyEntry>>,
    of_pools: Cache<UserPoolId, Cached<PoolServerSettings>>,
    of_clients: Cache<ClientId, Cached<ClientServerSettings>>,
}

impl Settings {
    pub(crate) fn new() -> Self {
        Self {
            pools: Cache::new(CAPACITY),
            clients: Cache::new(CAPACITY),
            keys: Cache::new(CAPACITY),
            access_keys: Cache::new(CAPACITY),
            of_pools: Cache::new(CAPACITY),
            of_clients: Cache::new(CAPACITY),
        }
    }

    pub(crate) fn forget_pool(&self, pool: &UserPoolId) {
        self.pools.remove(pool);
        self.keys.remove(pool);
        self.of_pools.remove(pool);
    }

    pub(crate) fn forget_client(&self, client: &ClientId) {
        self.clients.remove(client);
        self.of_clients.remove(client);
    }
}

impl PoolKeys {
    fn parse(stored: Vec<signing_keys::StoredSigningKey>, known: Option<&Self>) -> Result<Self> {
        let mut by_kid = HashMap::new();
        for key in stored {
            let parsed = known.and_then(|known| known.by_kid.get(&key.kid));
            let life = life_of(&key);
            let signing = match parsed {
                Some(parsed) => Arc::clone(&parsed.signing),
                None => Arc::new(SigningKey::from_pkcs8(key.private.expose())?),
            };
            let entry = PoolKey {
                token_use: key.token_use,
                signing,
                public: key.public,
                life,
            };
            by_kid.insert(key.kid, entry);
        }
        Ok(Self { by_kid })
    }

    /// The key that signs tokens of a use now, if they run out at `expires_at`.
    pub(crate) fn signing(
        &self,
        token_use: TokenUse,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Arc<SigningKey>> {
        let of_use = self
            .by_kid
            .values()
            .filter(|key| key.token_use == token_use);
        let key = signer(of_use.map(|key| (key.life, &key.signing)), now, expires_at);
        key.map(Arc::clone)
            .ok_or_else(|| Error::internal().with_source("the pool has no signing key"))
    }

    /// The key of an id, unless it is retired: its row may be there still, or kept here.
    pub(crate) fn find(&self, kid: &str, now: Timestamp) -> Option<&PoolKey> {
        self.by_kid.get(kid).filter(|key| key.life.verifies(now))
    }

    /// All keys that verify tokens, in the order of their ids.
    pub(crate) fn published(&self, now: Timestamp) -> Vec<&PoolKey> {
        let mut keys: Vec<_> = self
            .by_kid
            .iter()
            .filter(|(_, key)| key.life.verifies(now))
            .collect();
        keys.sort_by(|a, b| a.0.cmp(b.0));
        keys.into_iter().map(|(_, key)| key).collect()
    }
}
