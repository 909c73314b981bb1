//! The errors of responses that are refused.

use cognate_crypto::webauthn::Refusal;

use crate::Error;

/// The error of a refused registration.
pub(super) fn registration(refusal: Refusal) -> Error {
    let error = match refusal {
        Refusal::ClientData
        | Refusal::OtherCeremony
        | Refusal::Attestation
        | Refusal::AuthenticatorData
        | Refusal::CredentialId
        | Refusal::UserNotPresent
        | Refusal::Signature
        | Refusal::Counter => Error::passkey_response_malformed(),
        Refusal::OtherChallenge => Error::registration_not_found(),
        Refusal::Origin | Refusal::CrossOrigin => Error::origin_not_allowed(),
        Refusal::OtherRelyingParty => Error::relying_party_mismatch(),
        Refusal::UserNotVerified
        | Refusal::BackupFlags
        | Refusal::Algorithm
        | Refusal::PublicKey => Error::credential_not_supported(),
    };
    error.with_source(refusal)
}
