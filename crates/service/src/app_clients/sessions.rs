//! Session settings of an app client: GetUserPoolClientSessionConfiguration and
//! SetUserPoolClientSessionConfiguration (docs/protocol.md §6.21).
//!
//! Their one member says for how long a sign-in at the hosted pages is used again without asking.
//! There are none yet, so every client has the default, and the default is all that can be set.

use cognate_api::idp::{
    ClientSSOSessionConfigType, GetUserPoolClientSessionConfigurationRequest,
    GetUserPoolClientSessionConfigurationResponse, SetUserPoolClientSessionConfigurationRequest,
    SetUserPoolClientSessionConfigurationResponse,
};
use cognate_model::user_pool::Tier;

use super::not_built::SSO_SESSION;
use super::stored::{existing, existing_pool, parse_pool_id};
use crate::{Cx, Error, Result};

/// MaxValidityMinutes of every client.
const DEFAULT_MINUTES: i32 = 60;

pub(crate) async fn get_user_pool_client_session_configuration(
    cx: Cx,
    input: GetUserPoolClientSessionConfigurationRequest,
) -> Result<GetUserPoolClientSessionConfigurationResponse> {
    let mut reader = cx.app.db.read().await?;
    let pool = existing_pool(&mut reader, &parse_pool_id(&input.user_pool_id)?).await?;
    existing(&mut reader, &pool.id, &input.client_id).await?;
    Ok(GetUserPoolClientSessionConfigurationResponse {
        user_pool_id: Some(input.user_pool_id),
        client_id: Some(input.client_id),
        sso_session: Some(ClientSSOSessionConfigType {
            max_validity_minutes: DEFAULT_MINUTES,
        }),
    })
}

pub(crate) async fn set_user_pool_client_session_configuration(
    cx: Cx,
    input: SetUserPoolClientSessionConfigurationRequest,
) -> Result<SetUserPoolClientSessionConfigurationResponse> {
    let mut reader = cx.app.db.read().await?;
    let pool = existing_pool(&mut reader, &parse_pool_id(&input.user_pool_id)?).await?;
    existing(&mut reader, &pool.id, &input.client_id).await?;
    if pool.settings.tier == Tier::Lite {
        return Err(Error::tier_lacks("SSOSession"));
    }
    if !pool.settings.sessions.enabled {
        return Err(Error::session_tracking_is_disabled());
    }
    // Nothing changes: the client has the default already.
    if input.sso_session.max_validity_minutes != DEFAULT_MINUTES {
        return Err(SSO_SESSION.error());
    }
    Ok(SetUserPoolClientSessionConfigurationResponse {
        user_pool_id: Some(input.user_pool_id),
        client_id: Some(input.client_id),
        sso_session: Some(input.sso_session),
    })
}
