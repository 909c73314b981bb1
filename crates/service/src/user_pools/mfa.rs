//! Multi-factor authentication of a pool: GetUserPoolMfaConfig and SetUserPoolMfaConfig.
//!
//! It is not built yet, so every pool has OFF, and OFF is all that can be set. Both operations are
//! here because deployment tools call them: Terraform's provider reads the setting at every plan
//! (docs/protocol.md §10.5).

use cognate_api::idp::{
    GetUserPoolMfaConfigRequest, GetUserPoolMfaConfigResponse, SetUserPoolMfaConfigRequest,
    SetUserPoolMfaConfigResponse, UserPoolMfaType, WebAuthnConfigurationType,
};

use super::stored::{existing, parse_id};
use crate::{Cx, Error, Result};

pub(crate) async fn get_user_pool_mfa_config(
    cx: Cx,
    input: GetUserPoolMfaConfigRequest,
) -> Result<GetUserPoolMfaConfigResponse> {
    let id = parse_id(&input.user_pool_id)?;
    existing(&mut cx.app.db.read().await?, &id).await?;
    // A factor that nobody has configured is left out: a plan would show it as a change.
    Ok(GetUserPoolMfaConfigResponse {
        mfa_configuration: Some(UserPoolMfaType::Off),
        ..GetUserPoolMfaConfigResponse::default()
    })
}

pub(crate) async fn set_user_pool_mfa_config(
    cx: Cx,
    input: SetUserPoolMfaConfigRequest,
) -> Result<SetUserPoolMfaConfigResponse> {
    let id = parse_id(&input.user_pool_id)?;
    existing(&mut cx.app.db.read().await?, &id).await?;
    check(&input)?;
    // Nothing changes: the pool has OFF already.
    Ok(SetUserPoolMfaConfigResponse {
        mfa_configuration: Some(UserPoolMfaType::Off),
        ..SetUserPoolMfaConfigResponse::default()
    })
}

/// What is left out is OFF. Beside OFF stands no factor, not even one that is switched off;
/// passkeys are no factor, and are not built.
fn check(input: &SetUserPoolMfaConfigRequest) -> Result<()> {
    if !matches!(input.mfa_configuration, None | Some(UserPoolMfaType::Off)) {
        return Err(Error::parameter_not_built(
            "MfaConfiguration other than OFF",
        ));
    }
    let names_a_factor = input.sms_mfa_configuration.is_some()
        || input.software_token_mfa_configuration.is_some()
        || input.email_mfa_configuration.is_some();
    if names_a_factor {
        return Err(Error::off_and_a_factor());
    }
    if input
        .web_authn_configuration
        .as_ref()
        .is_some_and(says_anything)
    {
        return Err(Error::parameter_not_built("WebAuthnConfiguration"));
    }
    Ok(())
}

fn says_anything(passkeys: &WebAuthnConfigurationType) -> bool {
    // Without `..`, so that a member which the model gains is not passed over.
    let WebAuthnConfigurationType {
        relying_party_id,
        user_verification,
        factor_configuration,
    } = passkeys;
    relying_party_id.is_some() || user_verification.is_some() || factor_configuration.is_some()
}
