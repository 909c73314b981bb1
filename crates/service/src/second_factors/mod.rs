//! Second factors of users: authenticator apps, what users have switched on, and what they have to
//! sign in with.

mod auth_factors;
mod change;
mod preferences;
pub(crate) mod shown;
mod software_tokens;
mod user_settings;

use cognate_api::idp::op;

use crate::Operations;

/// The operations on second factors of users.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(
            op::AssociateSoftwareToken,
            software_tokens::associate_software_token,
        )
        .on(
            op::VerifySoftwareToken,
            software_tokens::verify_software_token,
        )
        .on(
            op::AdminDeleteSoftwareToken,
            software_tokens::admin_delete_software_token,
        )
        .on(
            op::SetUserMFAPreference,
            preferences::set_user_mfa_preference,
        )
        .on(
            op::AdminSetUserMFAPreference,
            preferences::admin_set_user_mfa_preference,
        )
        .on(op::SetUserSettings, user_settings::set_user_settings)
        .on(
            op::AdminSetUserSettings,
            user_settings::admin_set_user_settings,
        )
        .on(op::GetUserAuthFactors, auth_factors::get_user_auth_factors)
        .on(
            op::AdminGetUserAuthFactors,
            auth_factors::admin_get_user_auth_factors,
        )
}
