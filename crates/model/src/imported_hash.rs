//! A password hash that was imported with its user, and waits for the first sign-in by password.

use cognate_crypto::password_hash::{Algorithm, HashError, PasswordHash};
use cognate_crypto::secret::{SecretString, sealed_string};
use serde::{Deserialize, Serialize};

/// The text of a password hash that another system has made. Sealed at rest, as part of
/// [`Credentials`](crate::password::Credentials).
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImportedHash(#[serde(with = "sealed_string")] SecretString);

impl ImportedHash {
    /// Reads a hash.
    ///
    /// # Errors
    /// [`HashError`], of whose parts none is in its words.
    pub fn parse(text: &str) -> Result<(Algorithm, Self), HashError> {
        let algorithm = PasswordHash::parse(text)?.algorithm();
        Ok((algorithm, Self(SecretString::from(text))))
    }

    /// The memory that [`ImportedHash::matches`] takes, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.read().map_or(0, |hash| hash.memory())
    }

    /// Whether it is the hash of this password. Costs as much as whoever made it chose: up to two
    /// seconds.
    #[must_use]
    pub fn matches(&self, password: &SecretString) -> bool {
        self.read().is_some_and(|hash| hash.matches(password))
    }

    /// It was read before; a form that only another version knows matches nothing.
    fn read(&self) -> Option<PasswordHash> {
        PasswordHash::parse(self.0.expose()).ok()
    }
}
