//! Multi-factor authentication and passkeys of a pool: GetUserPoolMfaConfig and
//! SetUserPoolMfaConfig.

use cognate_api::idp::{
    GetUserPoolMfaConfigRequest, GetUserPoolMfaConfigResponse, SetUserPoolMfaConfigRequest,
    SetUserPoolMfaConfigResponse,
};
use cognate_model::UserPool;

use super::mfa_settings;
use super::stored::{change, existing, parse_id};
use crate::{Cx, Error, Result};

pub(crate) async fn get_user_pool_mfa_config(
    cx: Cx,
    input: GetUserPoolMfaConfigRequest,
) -> Result<GetUserPoolMfaConfigResponse> {
    let id = parse_id(&input.user_pool_id)?;
    let pool = existing(&mut cx.app.db.read().await?, &id).await?;
    Ok(mfa_settings::describe(&pool.settings))
}

pub(crate) async fn set_user_pool_mfa_config(
    cx: Cx,
    input: SetUserPoolMfaConfigRequest,
) -> Result<SetUserPoolMfaConfigResponse> {
    let id = parse_id(&input.user_pool_id)?;
    let set = move |pool: &mut UserPool| mfa_settings::set(&mut pool.settings, &input);
    if !change(&cx, "set_user_pool_mfa_config", &id, set).await? {
        return Err(Error::changed_by_another_request("user pool"));
    }
    let pool = existing(&mut cx.app.db.read().await?, &id).await?;
    // Without `..`, so that what the one shows and the other does not is seen here.
    let GetUserPoolMfaConfigResponse {
        sms_mfa_configuration,
        software_token_mfa_configuration,
        email_mfa_configuration,
        mfa_configuration,
        web_authn_configuration,
    } = mfa_settings::describe(&pool.settings);
    Ok(SetUserPoolMfaConfigResponse {
        sms_mfa_configuration,
        software_token_mfa_configuration,
        email_mfa_configuration,
        mfa_configuration,
        web_authn_configuration,
    })
}
