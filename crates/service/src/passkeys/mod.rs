//! Passkeys: their registration by signed-in users, and the list that users have of their own.

mod credential;
mod credentials;
mod options;
mod refused;
mod registration;
mod relying_party;

use cognate_api::idp::op;

use crate::Operations;

/// What users do with their passkeys.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(
            op::StartWebAuthnRegistration,
            registration::start_web_authn_registration,
        )
        .on(
            op::CompleteWebAuthnRegistration,
            registration::complete_web_authn_registration,
        )
        .on(
            op::ListWebAuthnCredentials,
            credentials::list_web_authn_credentials,
        )
        .on(
            op::DeleteWebAuthnCredential,
            credentials::delete_web_authn_credential,
        )
}
