//! What a page hands to the browser, for a new passkey and for a sign-in.

use std::time::Duration;

use cognate_crypto::digest::base64url_encode;
use cognate_crypto::webauthn::Algorithm;
use cognate_model::passkey::{
    OfferedPasskey, REGISTRATION_VALIDITY, Registration, shown_name, user_handle,
};
use cognate_model::sign_in::WebAuthn;
use cognate_model::{Passkey, User, UserPool};
use serde_json::{Value, json};

/// The options of a registration, as `PublicKeyCredential.parseCreationOptionsFromJSON` reads them.
/// What there is nothing to say of is left out: a null would be read as the text "null" or as 0
/// (docs/protocol.md §16.3).
pub(super) fn of_registration(
    pool: &UserPool,
    user: &User,
    registration: &Registration,
    has_already: &[Passkey],
) -> Value {
    let relying_party = &registration.relying_party_id;
    let name = shown_name(pool, user);
    let algorithms = Algorithm::ALL
        .map(|algorithm| json!({"type": "public-key", "alg": algorithm.cose()}))
        .to_vec();
    // An authenticator that has one of these makes no second. One that is no longer trusted may be
    // replaced in its place.
    let excluded: Vec<Value> = has_already
        .iter()
        .filter(|passkey| passkey.is_usable_for(relying_party))
        .map(|passkey| descriptor(&OfferedPasskey::of(passkey)))
        .collect();
    json!({
        // A page shows the domain, and pools are named for operators.
        "rp": {"id": relying_party, "name": relying_party},
        "user": {
            "id": base64url_encode(user_handle(&user.sub)),
            "name": name,
            "displayName": name,
        },
        "challenge": base64url_encode(&registration.challenge),
        "pubKeyCredParams": algorithms,
        "timeout": REGISTRATION_VALIDITY.as_millis(),
        "excludeCredentials": excluded,
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": user_verification(registration.user_verification),
        },
        "attestation": "none",
    })
}

/// The options of a sign-in, as `PublicKeyCredential.parseRequestOptionsFromJSON` reads them.
pub(crate) fn of_sign_in(step: &WebAuthn, validity: Duration) -> Value {
    let allowed: Vec<Value> = step.allowed.iter().map(descriptor).collect();
    json!({
        "challenge": base64url_encode(&step.challenge),
        "timeout": validity.as_millis(),
        "rpId": step.relying_party_id,
        "allowCredentials": allowed,
        "userVerification": user_verification(step.user_verification),
    })
}

/// A passkey as a browser names one.
fn descriptor(passkey: &OfferedPasskey) -> Value {
    let mut descriptor = json!({"type": "public-key", "id": passkey.id.as_str()});
    if !passkey.transports.is_empty() {
        descriptor["transports"] = json!(passkey.transports);
    }
    descriptor
}

fn user_verification(is_required: bool) -> &'static str {
    if is_required { "required" } else { "preferred" }
}
