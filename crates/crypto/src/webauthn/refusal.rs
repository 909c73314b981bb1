//! Why a response of a passkey is refused.

/// Why a response is refused. Clients never see these texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The client data is no JSON object with the members that are checked, each once.
    #[error("the client data is malformed")]
    ClientData,
    /// It ends another ceremony: a registration where a sign-in was due, or the other way round.
    #[error("the client data is of another ceremony")]
    OtherCeremony,
    /// It answers another challenge.
    #[error("the response answers another challenge")]
    OtherChallenge,
    /// The page or app that made it is not one of the relying party's.
    #[error("the origin is not allowed")]
    Origin,
    /// It was made in a frame within a page of another origin.
    #[error("the response was made in a frame of another origin")]
    CrossOrigin,
    /// Not an attestation object, or beyond the limits.
    #[error("the attestation object is malformed")]
    Attestation,
    /// Not authenticator data, or beyond the limits.
    #[error("the authenticator data is malformed")]
    AuthenticatorData,
    /// The authenticator made it for another relying party.
    #[error("the response is for another relying party")]
    OtherRelyingParty,
    /// Nobody touched the authenticator.
    #[error("the user was not present")]
    UserNotPresent,
    /// The authenticator has not verified its user, and must have.
    #[error("the user was not verified")]
    UserNotVerified,
    /// Backed up and not eligible for it, or eligible where it was not before, or no more.
    #[error("the backup flags contradict each other or what was registered")]
    BackupFlags,
    /// A key of an algorithm that was not asked for.
    #[error("the key's algorithm is not supported")]
    Algorithm,
    /// A key that is malformed, or none at all.
    #[error("the public key is malformed")]
    PublicKey,
    /// The credential id is empty or longer than 1023 bytes.
    #[error("the credential id is too long or empty")]
    CredentialId,
    /// The signature is not that of the credential's key.
    #[error("the signature is wrong")]
    Signature,
    /// The signature counter has not grown: the key may be in two hands. The signature is right.
    #[error("the signature counter has not grown")]
    Counter,
}
