//! SECRET_HASH: how an app client with a secret proves itself in each public operation.

use cognate_crypto::secret_hash;

use crate::settings::ClientEntry;
use crate::{Error, Result};

/// Checks the secret hash of a request, which covers the user name as the request writes it.
///
/// # Errors
/// `NotAuthorizedException` when it is missing or wrong, or there is one for a client that has no
/// secret.
pub(crate) fn check(entry: &ClientEntry, hash: Option<&str>, username: &str) -> Result<()> {
    check_any(entry, hash, &[username])
}

/// The same where more than one name is right: a refresh names the user by sub or by user name.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_any(entry: &ClientEntry, hash: Option<&str>, usernames: &[&str]) -> Result<()> {
    let id = &entry.client.id;
    match (&entry.secret, hash) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Error::unable_to_verify_secret_hash(id)),
        (Some(_), None) => Err(Error::secret_hash_missing(id)),
        (Some(secret), Some(hash)) => {
            // No early end: how many names were tried tells nothing.
            let right = usernames.iter().fold(false, |right, name| {
                secret_hash::is_valid(hash, secret, name, id.as_str()) | right
            });
            if right {
                Ok(())
            } else {
                Err(Error::unable_to_verify_secret_hash(id))
            }
        }
    }
}

/// Checks a client secret that the request carries itself.
///
/// # Errors
/// `NotAuthorizedException` when it is missing or wrong.
pub(crate) fn check_secret(entry: &ClientEntry, given: Option<&str>) -> Result<()> {
    let id = &entry.client.id;
    match (&entry.secret, given) {
        (None, None) => Ok(()),
        (Some(secret), Some(given)) if secret.ct_eq(given) => Ok(()),
        _ => Err(Error::invalid_client_secret(id)),
    }
}
