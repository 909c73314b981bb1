//! SECRET_HASH: how an app client with a secret proves itself in each public operation. Either of
//! two active secrets serves.

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
    match (entry.secrets.is_empty(), hash) {
        (true, None) => Ok(()),
        (true, Some(_)) => Err(Error::unable_to_verify_secret_hash(id)),
        (false, None) => Err(Error::secret_hash_missing(id)),
        (false, Some(hash)) => {
            // No early end: how many names and secrets were tried tells nothing.
            let right = usernames.iter().fold(false, |right, name| {
                let is_right = entry
                    .secrets
                    .any(|secret| secret_hash::is_valid(hash, secret, name, id.as_str()));
                is_right | right
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
    let is_right = match given {
        None => entry.secrets.is_empty(),
        Some(given) => entry.secrets.any(|secret| secret.ct_eq(given)),
    };
    if is_right {
        Ok(())
    } else {
        Err(Error::invalid_client_secret(&entry.client.id))
    }
}
