//! Passkeys: what the relying party checks of a registration and of a sign-in (Web Authentication
//! Level 3, <https://www.w3.org/TR/webauthn-3/>, §7.1 and §7.2; comments here cite its steps).
//!
//! Authenticators write CBOR and browsers write JSON, and both come from strangers. So each reader
//! here has its limits: bytes, depth, items, and nothing behind the end. Attestation is asked for
//! as `none`: a statement that comes all the same is read within the limits and not evaluated,
//! because no list of trusted makers is kept.
//!
//! The caller keeps challenges and credentials, and checks whose they are; here is what follows
//! from bytes and keys alone.

mod attestation;
pub mod authenticator;
mod authenticator_data;
mod cbor;
mod client_data;
mod cose;
mod origin;
mod refusal;
mod sign_in;

#[cfg(test)]
mod tests;

pub use attestation::{NewCredential, verify_registration};
pub use client_data::ClientData;
pub use cose::{Algorithm, PublicKey};
pub use origin::is_valid_relying_party_id;
pub use refusal::Refusal;
pub use sign_in::{Assertion, KnownCredential, VerifiedAssertion, verify_assertion};

/// The longest credential id, in bytes (§7.1 step 25).
pub const LONGEST_CREDENTIAL_ID: usize = 1023;

/// What the relying party expects of a response, whichever ceremony it ends.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The challenge that was sent.
    pub challenge: &'a [u8],
    /// The id of the relying party: a domain in lower case.
    pub relying_party_id: &'a str,
    /// Origins that are allowed beside those of the relying party's own domain, each compared as a
    /// whole.
    pub other_origins: &'a [String],
    /// Whether the authenticator must have verified the user.
    pub user_verification: bool,
}
