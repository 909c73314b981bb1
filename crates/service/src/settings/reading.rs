//! Settings read from the database, unless what is kept is fresh.

use std::sync::Arc;
use std::time::Duration;

use cognate_model::server_settings::{ClientServerSettings, PoolServerSettings};
use cognate_model::{ClientId, UserPool, UserPoolId};
use cognate_store::{access_keys, app_clients, server_settings, signing_keys, user_pools};

use super::{AccessKeyEntry, Cached, ClientEntry, PoolKeys};
use crate::app::App;
use crate::{Error, Result};

/// How old the kept keys of a pool must be before a token that names another key has them read
/// again.
const UNKNOWN_KEY_AGE: Duration = Duration::from_millis(100);

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
        let (client, secrets) = found.ok_or_else(|| Error::user_pool_client_does_not_exist(id))?;
        let kept = Cached::new(ClientEntry { client, secrets });
        self.settings.clients.insert(parsed, kept.clone());
        Ok(kept.value)
    }

    /// The server's settings for a pool.
    pub(crate) async fn pool_server_settings(
        &self,
        pool: &UserPoolId,
    ) -> Result<Arc<PoolServerSettings>> {
        if let Some(settings) = self.settings.of_pools.get(pool).and_then(Cached::fresh) {
            return Ok(settings);
        }
        let found = server_settings::of_pool(&mut self.db.read().await?, pool).await?;
        let kept = Cached::new(found);
        self.settings.of_pools.insert(pool.clone(), kept.clone());
        Ok(kept.value)
    }

    /// The server's settings for an app client of a pool.
    pub(crate) async fn client_server_settings(
        &self,
        pool: &UserPoolId,
        client: &ClientId,
    ) -> Result<Arc<ClientServerSettings>> {
        if let Some(settings) = self.settings.of_clients.get(client).and_then(Cached::fresh) {
            return Ok(settings);
        }
        let found = server_settings::of_client(&mut self.db.read().await?, pool, client).await?;
        let kept = Cached::new(found);
        self.settings
            .of_clients
            .insert(client.clone(), kept.clone());
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
