//! The end of a sign-in: an assertion of a known credential (§7.2).

use super::authenticator_data::AuthenticatorData;
use super::client_data::{Ceremony, ClientData};
use super::{Expected, PublicKey, Refusal};

/// The longest signature that is read: RSA's of 4096 bits.
const LONGEST_SIGNATURE: usize = 512;

/// The response to a sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// The client data, as it was read.
    pub client_data: &'a ClientData,
    /// What the authenticator says.
    pub authenticator_data: &'a [u8],
    /// Its signature over that and the hash of the client data.
    pub signature: &'a [u8],
}

/// What is kept of the credential that a response names.
#[derive(Debug, Clone, Copy)]
pub struct KnownCredential<'a> {
    /// The public key in its COSE form.
    pub public_key: &'a [u8],
    /// The last signature counter.
    pub counter: u32,
    /// Whether it was eligible for backup when it was registered.
    pub backup_eligible: bool,
}

/// What a right response tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// The new signature counter, to be stored.
    pub counter: u32,
    /// Whether the authenticator has verified its user.
    pub user_verified: bool,
    /// Whether the credential has been copied to other devices by now.
    pub backed_up: bool,
}

/// Checks the response to a sign-in, by the steps of §7.2 that need no more than it, what was asked
/// for, and the credential. Left to the caller are steps 5 and 6: that the credential is one of
/// those that were asked for, and the user's.
///
/// # Errors
/// The [`Refusal`] of the first step that fails. [`Refusal::Counter`] is given only where all else
/// is right, the signature too.
pub fn verify_assertion(
    expected: &Expected<'_>,
    known: &KnownCredential<'_>,
    assertion: &Assertion<'_>,
) -> Result<VerifiedAssertion, Refusal> {
    // Steps 10 to 14.
    assertion.client_data.check(Ceremony::SignIn, expected)?;
    let data = AuthenticatorData::read(assertion.authenticator_data)?;
    // Steps 15 to 18.
    data.check(expected)?;
    // Step 19: what is eligible for backup is so for ever, and what is not never becomes so.
    if data.flags.backup_eligible() != known.backup_eligible {
        return Err(Refusal::BackupFlags);
    }
    // Step 21.
    let key = PublicKey::from_cose(known.public_key)?;
    let signed = [assertion.authenticator_data, &assertion.client_data.hash].concat();
    let is_signed = assertion.signature.len() <= LONGEST_SIGNATURE
        && key.has_signed(&signed, assertion.signature);
    if !is_signed {
        return Err(Refusal::Signature);
    }
    // Step 22. Many authenticators have no counter and say 0 for ever.
    let has_counter = data.counter != 0 || known.counter != 0;
    if has_counter && data.counter <= known.counter {
        return Err(Refusal::Counter);
    }
    Ok(VerifiedAssertion {
        counter: data.counter,
        user_verified: data.flags.user_verified(),
        backed_up: data.flags.backed_up(),
    })
}
