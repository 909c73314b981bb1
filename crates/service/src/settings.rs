//! Settings that almost every request needs, kept for a second: pools, app clients, signing keys,
//! access keys.
//!
//! A change made on this node is seen at once (the entry is dropped), one made on another within
//! [`MAX_AGE`]: less than the two seconds that are promised. What revokes (sessions, users, locks)
//! is never kept here; it is read from the database each time. A pool that is deleted takes its
//! sessions along later, so on other nodes its tokens hold until its settings are read again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cognate_crypto::jwt::SigningKey;
use cognate_crypto::secret::SecretString;
use cognate_model::access_key::AccessKey;
use cognate_model::claims::TokenUse;
use cognate_model::{AppClient, ClientId, Timestamp, UserPool, UserPoolId};
use cognate_store::{access_keys, app_clients, signing_keys, user_pools};
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::app::App;
use crate::keys::signing_keys::{Life, life_of, signer};
use crate::{Error, Result};

/// How old a kept entry may be.
const MAX_AGE: Duration = Duration::from_millis(1000);

/// How old the kept keys of a pool must be before a token that names another key has them read
/// again.
const UNKNOWN_KEY_AGE: Duration = Duration::from_millis(100);

/// How many entries of each kind are kept.
const CAPACITY: usize = 4096;

/// An app client and its secret.
pub(crate) struct ClientEntry {
    pub(crate) client: AppClient,
    pub(crate) secret: Option<SecretString>,
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
}

impl Settings {
    pub(crate) fn new() -> Self {
        Self {
            pools: Cache::new(CAPACITY),
            clients: Cache::new(CAPACITY),
            keys: Cache::new(CAPACITY),
            access_keys: Cache::new(CAPACITY),
        }
    }

    pub(crate) fn forget_pool(&self, pool: &UserPoolId) {
        self.pools.remove(pool);
        self.keys.remove(pool);
    }

    pub(crate) fn forget_client(&self, client: &ClientId) {
        self.clients.remove(client);
    }
}

impl App {
    /// The pool of an id.
    ///
    /// # Errors
    /// `ResourceNotFoundException` when there is none.
    pub(crate) async fn pool(&self, id: &UserPoolId) -> Result<Arc<UserPool>> {
        if let Some(pool) = self.settings.pools.get(id).and_then(Cached::fresh) {
            return Ok(pool);
        }
        let found = user_pools::find(&mut self.db.read().await?, id).await?;
        let kept = Cached::new(found.ok_or_else(|| Error::user_pool_does_not_exist(id.as_str()))?);
        self.settings.pools.insert(id.clone(), kept.clone());
        Ok(kept.value)
    }

    /// The pool of an id as a request writes it.
    ///
    /// # Errors
    /// `ResourceNotFoundException` when there is none, or the text is no such id.
    pub(crate) async fn pool_named(&self, id: &str) -> Result<Arc<UserPool>> {
        let parsed = UserPoolId::parse(id).map_err(|_| Error::user_pool_does_not_exist(id))?;
        self.pool(&parsed).await
    }

    /// The app client of an id as a request writes it.
    ///
    /// # Errors
    /// `ResourceNotFoundException` when there is none.
    pub(crate) async fn client_named(&self, id: &str) -> Result<Arc<ClientEntry>> {
        let parsed = ClientId::parse(id).map_err(|_| Error::user_pool_client_does_not_exist(id))?;
        if let Some(entry) = self.settings.clients.get(&parsed).and_then(Cached::fresh) {
            return Ok(entry);
        }
        let found = app_clients::find(&mut self.db.read().await?, &parsed).await?;
        let (client, secret) = found.ok_or_else(|| Error::user_pool_client_does_not_exist(id))?;
        let kept = Cached::new(ClientEntry { client, secret });
        self.settings.clients.insert(parsed, kept.clone());
        Ok(kept.value)
    }

    /// The access key of an id, if there is one.
    pub(crate) async fn access_key(&self, id: &str) -> Result<Option<Arc<AccessKeyEntry>>> {
        if let Some(entry) = self.settings.access_keys.get(id).and_then(Cached::fresh) {
            return Ok(Some(entry));
        }
        let Some((key, secret)) = access_keys::find(&mut self.db.read().await?, id).await? else {
            self.settings.access_keys.remove(id);
            return Ok(None);
        };
        let kept = Cached::new(AccessKeyEntry { key, secret });
        self.settings
            .access_keys
            .insert(id.to_owned(), kept.clone());
        Ok(Some(kept.value))
    }

    /// A pool's signing keys. Keys that were parsed before are not parsed again: an id stands for
    /// one key for ever.
    pub(crate) async fn keys(&self, pool: &UserPoolId) -> Result<Arc<PoolKeys>> {
        match self.settings.keys.get(pool).and_then(Cached::fresh) {
            Some(keys) => Ok(keys),
            None => self.read_keys(pool).await,
        }
    }

    /// The keys to find that of a token among. One that is not among those that are kept may be
    /// new, made for a node whose clock is ahead: they are read again, but ten times a second at
    /// most, however many tokens name keys that nobody has.
    pub(crate) async fn keys_with(&self, pool: &UserPoolId, kid: &str) -> Result<Arc<PoolKeys>> {
        let keys = self.keys(pool).await?;
        let is_new = |kept: Cached<PoolKeys>| kept.read_at.elapsed() < UNKNOWN_KEY_AGE;
        if keys.by_kid.contains_key(kid) || self.settings.keys.get(pool).is_some_and(is_new) {
            return Ok(keys);
        }
        self.read_keys(pool).await
    }

    async fn read_keys(&self, pool: &UserPoolId) -> Result<Arc<PoolKeys>> {
        let stored = signing_keys::all(&mut self.db.read().await?, pool).await?;
        let known = self.settings.keys.get(pool).map(|kept| kept.value);
        let keys = self
            .compute(move || PoolKeys::parse(stored, known.as_deref()))
            .await??;
        let kept = Cached::new(keys);
        // A pool that does not exist has none; forged issuers must not push real pools out.
        if !kept.value.by_kid.is_empty() {
            self.settings.keys.insert(pool.clone(), kept.clone());
        }
        Ok(kept.value)
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
