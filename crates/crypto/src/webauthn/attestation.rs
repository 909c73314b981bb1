//! The end of a registration: a new credential (§7.1).

use super::authenticator_data::{Attested, AuthenticatorData};
use super::cbor::{self, Key};
use super::client_data::{Ceremony, ClientData};
use super::{Algorithm, Expected, Refusal};

/// The longest attestation object that is read. Those with statements of a TPM have 8,000 bytes.
const LONGEST: usize = 64 * 1024;

/// A credential that was just made, to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredential {
    /// The id that the authenticator gave it: up to 1023 bytes.
    pub id: Vec<u8>,
    /// The public key in its COSE form, as it came.
    pub public_key: Vec<u8>,
    /// What the key signs with.
    pub algorithm: Algorithm,
    /// The signature counter.
    pub counter: u32,
    /// The make of the authenticator by its own account, which nobody vouches for; zeros where it
    /// does not tell.
    pub aaguid: [u8; 16],
    /// Whether the authenticator has verified its user.
    pub user_verified: bool,
    /// Whether it can be copied to other devices by its maker's means.
    pub backup_eligible: bool,
    /// Whether it has been.
    pub backed_up: bool,
}

/// Checks the response to a registration, by the steps of §7.1 that need no more than it and what
/// was asked for. Left to the caller is step 26: that nobody has the credential's id yet.
///
/// # Errors
/// The [`Refusal`] of the first step that fails.
pub fn verify_registration(
    expected: &Expected<'_>,
    client_data: &ClientData,
    attestation_object: &[u8],
) -> Result<NewCredential, Refusal> {
    // Steps 7 to 11.
    client_data.check(Ceremony::Registration, expected)?;
    // Step 13.
    if attestation_object.len() > LONGEST {
        return Err(Refusal::Attestation);
    }
    let object = cbor::whole_map(attestation_object).map_err(|_| Refusal::Attestation)?;
    // Steps 22 to 24: whatever the statement is, it is not evaluated.
    let has_statement = object.has_text(Key::Text("fmt")) && object.has_map(Key::Text("attStmt"));
    let data = object.bytes(Key::Text("authData"));
    let (Some(data), true) = (data, has_statement) else {
        return Err(Refusal::Attestation);
    };
    let data = AuthenticatorData::read(data)?;
    // Steps 14 to 17.
    data.check(expected)?;
    // Steps 18 and 19: the flags of backup are kept, and decide nothing.
    let flags = data.flags;
    // Steps 20 and 25, in what reads the credential.
    let Attested {
        aaguid,
        id,
        key,
        cose,
    } = data.credential.ok_or(Refusal::AuthenticatorData)?;
    Ok(NewCredential {
        id: id.to_vec(),
        public_key: cose.to_vec(),
        algorithm: key.algorithm(),
        counter: data.counter,
        aaguid,
        user_verified: flags.user_verified(),
        backup_eligible: flags.backup_eligible(),
        backed_up: flags.backed_up(),
    })
}
