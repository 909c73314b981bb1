//! The rows that steps wait in: each under a hash of what its answer brings.

use cognate_crypto::digest::{base64url_decode, sha256};

use cognate_model::{ClientId, DeviceKey};

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

/// The Session string's bytes of a step that asks a device to begin an exchange with the same A as
/// its user's password. Who is sent no session or loses it finds the step by these three; A is as
/// hard to guess as a session, and only this client knows it.
pub(super) fn device_session(client: &ClientId, device: &DeviceKey, public: &str) -> [u8; 32] {
    let parts = [client.as_str(), device.as_str(), public].map(str::as_bytes);
    let [client, device, public] = parts;
    sha256(&[b"device sign-in", client, b"\0", device, b"\0", public])
}
