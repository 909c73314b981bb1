//! The open keyring of a running database: what seals and opens. It knows nothing of where the keys
//! come from.

use std::sync::{Mutex, PoisonError};

use cognate_crypto::{
    digest::hkdf_sha256,
    random::Random,
    seal::{DataKey, Keyring, SealError},
    secret::SecretBytes,
};

use crate::Error;

/// The open keyring of a running database.
pub(crate) struct Vault {
    keyring: Keyring,
    root: SecretBytes,
    random: Mutex<Random>,
}

impl Vault {
    /// Of the data keys, the root of the server's own secrets and a stream for nonces.
    pub(crate) fn new(keyring: Keyring, root: SecretBytes, random: Random) -> Self {
        Self {
            keyring,
            root,
            random: Mutex::new(random),
        }
    }

    /// Seals a secret for its place.
    pub(crate) fn seal(&self, context: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        self.keyring
            .seal(context, plain, &mut random)
            .map_err(refused)
    }

    /// Opens a row's secret; one that doesn't open is told in the log.
    pub(crate) fn open(&self, context: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, Error> {
        self.keyring.open(context, sealed).map_err(refused)
    }

    /// Opens what a caller brought; one that doesn't open is their doing, and not told.
    pub(crate) fn open_presented(
        &self,
        context: &[&[u8]],
        sealed: &[u8],
    ) -> Result<SecretBytes, Error> {
        let opened = self.keyring.open(context, sealed);
        opened.map_err(|_| Error::Sealed)
    }

    /// A data key, for a backup.
    pub(crate) fn data_key(&self, id: u32) -> Option<&DataKey> {
        self.keyring.find(id)
    }

    /// A secret for one purpose, the same on every node and after every restart.
    pub(crate) fn server_secret(&self, purpose: &str) -> [u8; 32] {
        hkdf_sha256(
            self.root.expose(),
            b"cognate server secret v1",
            purpose.as_bytes(),
        )
    }
}

/// Tells the log why a value was not sealed or opened.
pub(crate) fn refused(error: SealError) -> Error {
    // Which row it was is known to the caller; the reason is for the log only.
    tracing::warn!(%error, "a value was not sealed or opened");
    Error::Sealed
}
