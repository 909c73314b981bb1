//! What a browser gives back, as JSON: RegistrationResponseJSON and AuthenticationResponseJSON (Web
//! Authentication Level 3, §5.1).

use cognate_crypto::digest::base64url_decode;
use cognate_model::passkey::{CredentialId, Hints};
use cognate_model::sign_in::PasskeyResponse;
use serde::Deserialize;
use serde_json::Value;

use crate::{Error, Result};

/// The response to a registration. Nothing of it is proved.
pub(super) struct Registered {
    pub(super) id: CredentialId,
    /// clientDataJSON.
    pub(super) client_data: Vec<u8>,
    /// attestationObject.
    pub(super) attestation_object: Vec<u8>,
    pub(super) hints: Hints,
}

/// The members that both kinds of response have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<R> {
    id: String,
    #[serde(default)]
    raw_id: Option<String>,
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    authenticator_attachment: Option<String>,
    response: R,
}

#[derive(Deserialize)]
struct Attestation {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "attestationObject")]
    attestation_object: String,
    #[serde(default)]
    transports: Option<Vec<String>>,
}

impl<R> Wire<R> {
    /// The credential's id, which stands there twice.
    fn id(&self) -> Option<CredentialId> {
        let is_one = self.raw_id.as_ref().is_none_or(|raw| *raw == self.id);
        let kind = self.r#type.as_deref();
        CredentialId::parse(&self.id)
            .filter(|_| is_one && kind.is_none_or(|kind| kind == "public-key"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    #[serde(default)]
    user_handle: Option<String>,
}

/// Reads the response to a sign-in.
///
/// # Errors
/// `InvalidParameterException` when it is none.
pub(crate) fn asserted(credential: &str) -> Result<PasskeyResponse> {
    let read = || {
        let wire: Wire<Assertion> = serde_json::from_str(credential).ok()?;
        let response = &wire.response;
        // Some clients write an empty handle for none.
        let handle = response.user_handle.as_deref();
        let handle = handle.filter(|handle| !handle.is_empty());
        Some(PasskeyResponse {
            id: wire.id()?,
            client_data: base64url_decode(&response.client_data).ok()?,
            authenticator_data: base64url_decode(&response.authenticator_data).ok()?,
            signature: base64url_decode(&response.signature).ok()?,
            user_handle: handle.map(base64url_decode).transpose().ok()?,
        })
    };
    read().ok_or_else(Error::passkey_response_malformed)
}

/// Reads the response to a registration.
///
/// # Errors
/// `InvalidParameterException` when it is none.
pub(super) fn registered(credential: Value) -> Result<Registered> {
    let read = || {
        let wire: Wire<Attestation> = serde_json::from_value(credential).ok()?;
        let transports = wire.response.transports.as_deref().unwrap_or_default();
        Some(Registered {
            id: wire.id()?,
            client_data: base64url_decode(&wire.response.client_data).ok()?,
            attestation_object: base64url_decode(&wire.response.attestation_object).ok()?,
            hints: Hints::of(transports, wire.authenticator_attachment.as_deref())?,
        })
    };
    read().ok_or_else(Error::passkey_response_malformed)
}
