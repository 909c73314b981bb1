//! The rows that steps wait in: each under a hash of what its answer brings.

use cognate_crypto::digest::{base64url_decode, sha256};

use crate::{Error, Result};

/// The key of a step's row.
pub(super) type StepRow = [u8; 32];

/// The row of a Session string.
///
/// # Errors
/// `NotAuthorizedException` for a string that can't be one.
pub(super) fn of_session(session: &str) -> Result<StepRow> {
    let bytes = base64url_decode(session).map_err(|_| Error::invalid_session())?;
    Ok(of_session_bytes(&bytes))
}

/// The row of a Session string's bytes.
pub(super) fn of_session_bytes(bytes: &[u8]) -> StepRow {
    sha256(&[b"session", bytes])
}

/// The row of a secret block, for the answers that some clients send without a session.
pub(super) fn of_block(block: &[u8]) -> StepRow {
    sha256(&[b"secret block", block])
}
