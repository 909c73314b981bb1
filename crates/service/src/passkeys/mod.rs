//! Passkeys: their registration by signed-in users, the list that users have of their own, and what
//! a sign-in finds and changes of them.

pub(crate) mod credential;
mod credentials;
pub(crate) mod found;
pub(crate) mod options;
mod refused;
mod registration;
mod relying_party;
pub(crate) mod use_of;

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
